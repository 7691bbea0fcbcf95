import { ask } from './api.js';
import { byId, make, timeOfDay } from './dom.js';
import { lifeView } from './life.js';
import { eventLink, linked, searchLink, sourceOf, subjectLink } from './links.js';

// One event and the life of its subject: the newest event, until one is chosen.

const body = byId('detail-body');
const title = byId('detail-title');
const lead = byId('detail-lead');
const panel = byId('detail');
/** How often the newest event is shown anew, at most, in milliseconds. */
const calm = 1000;

/** Shows events. @param {{ lifeOf(subject: string): object[] }} here what the page itself knows of a subject */
export function createDetail(here) {
  let isFollowing = true;
  let newest;
  let isWaiting = false;
  let turn = 0;

  /** Nobody has the page changed under their eyes while they are at it. */
  const isInUse = () => panel.matches(':hover') || panel.contains(document.activeElement);

  function drawNewest() {
    isWaiting = false;
    if (!isFollowing || isInUse() || !newest) return;
    draw(
      'The newest event',
      newest.event,
      lifeView({ events: here.lifeOf(newest.subject), chosen: newest.event }),
    );
  }

  function draw(words, event, life) {
    title.textContent = words;
    lead.replaceChildren(...aboutOf(event));
    body.replaceChildren(...(life ? [life] : []), json(event));
    scrollToChosen();
  }

  /** Shows an event with all of its subject's life. What is asked for last is shown, however long the answers take. */
  async function show(event) {
    isFollowing = false;
    turn += 1;
    const own = turn;
    const { subject } = event;
    const life = make('div.life', {}, make('p.muted', { textContent: 'Reading the life of the subject …' }));
    draw('One event', event, subject ? life : undefined);
    comeIntoView();
    if (!subject) return;
    const found = await answered(`/subjects/${encodeURIComponent(subject)}`);
    if (own !== turn) return;
    life.replaceWith(found.problem ?? lifeView({ ...found, chosen: event }));
    scrollToChosen();
  }

  /** Shows what an address leads to: the last of some events, or a problem. */
  async function showFound(path, choose, nothing) {
    isFollowing = false;
    turn += 1;
    const own = turn;
    const found = await answered(path);
    if (own !== turn) return;
    const event = found.problem ? undefined : choose(found.events);
    if (event) {
      await show(event);
      return;
    }
    title.textContent = 'One event';
    lead.textContent = found.problem ? '' : nothing;
    body.replaceChildren(...(found.problem ? [found.problem] : []));
    comeIntoView();
  }

  return {
    show,
    showEvent: (source, id) =>
      showFound(
        `/entries/${encodeURIComponent(id)}`,
        (events) => events.find((event) => sourceOf(event) === source),
        `There is no event ${id} in ${source}; it may have been compacted.`,
      ),
    showSubject: (id) =>
      showFound(
        `/subjects/${encodeURIComponent(id)}`,
        (events) => events.at(-1),
        `The streams have no event of ${id}.`,
      ),
    showNewest() {
      isFollowing = true;
      turn += 1;
      drawNewest();
    },
    /** Tells what the newest event is. */
    noteNewest(item) {
      newest = item;
      if (!isFollowing || isWaiting) return;
      isWaiting = true;
      setTimeout(drawNewest, body.childElementCount === 0 ? 0 : calm);
    },
  };
}

/** What an answer has, or the problem as an element. */
const answered = (path) =>
  ask(path).catch((error) => ({ problem: make('p.problem', { textContent: error.message }) }));

/** Scrolls the list of steps to the chosen one; the page stays where it is. */
function scrollToChosen() {
  const step = body.querySelector('.life [aria-current]');
  if (step) step.parentElement.scrollTop = step.offsetTop - step.parentElement.offsetTop;
}

function comeIntoView() {
  if (window.matchMedia('(max-width: 60rem)').matches) panel.scrollIntoView({ block: 'start' });
}

function aboutOf(event) {
  const { subject, requestid, id } = event;
  const type = event.type ?? (id ? 'undecodable' : 'gap');
  const part = (name, value) => make('span', {}, make('span.muted', { textContent: `${name} ` }), value);
  const link = (href, textContent) => make('a', { href, textContent });
  return [
    make('b', { textContent: type, dataset: { kind: type.split('.').at(-1) } }),
    ...(id
      ? [
          make('time', { textContent: timeOfDay(Number.parseInt(id, 10)) }),
          part('event', link(eventLink(event), `${sourceOf(event)} ${id}`)),
        ]
      : []),
    ...(subject ? [part('subject', link(subjectLink(subject), subject))] : []),
    ...(requestid ? [part('request', link(searchLink(requestid), requestid))] : []),
  ];
}

const json = (event) =>
  make(
    'details.json',
    { open: true },
    make('summary', { textContent: 'CloudEvents JSON' }),
    make('pre', { tabIndex: 0 }, ...linked(JSON.stringify(event, null, 2))),
  );
