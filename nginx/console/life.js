import { changeOf, changesBetween } from './changes.js';
import { make, timeOfDay } from './dom.js';
import { eventLink, linked, sourceOf } from './links.js';

/**
 * The life of a subject, step by step, with what each changed.
 * @param {{ events: object[], chosen: object, complete?: boolean }} life `complete` is missing if it is what the page has seen
 */
export function lifeView({ events, chosen, complete }) {
  let before = {};
  const steps = events.map((event, at) => {
    // What the page has not seen the beginning of has not come about with the first event that it saw.
    const isBeginning = at > 0 || complete !== undefined || event.type?.endsWith('.created');
    const changes = isBeginning ? changesBetween(before, event) : [];
    before = event.data ?? before;
    return stepOf(event, changes, event.id === chosen.id && sourceOf(event) === sourceOf(chosen));
  });
  const many = `${events.length} ${events.length === 1 ? 'event' : 'events'}`;
  return make(
    'div.life',
    {},
    make('h3', {
      textContent: complete === undefined ? `Its life as seen here: ${many}` : `Its life: ${many}`,
    }),
    make('ol', { tabIndex: 0, ariaLabel: 'Steps, oldest first' }, ...steps),
    complete === false &&
      make('p.muted', { textContent: 'There may be more: the streams are too long to look through here.' }),
  );
}

function stepOf(event, changes, isChosen) {
  const { type = 'undecodable', id } = event;
  const time = Number.parseInt(id, 10);
  const step = make(
    'li',
    { dataset: { kind: type.split('.').at(-1) } },
    make(
      'p',
      {},
      make('b', { textContent: type }),
      ' ',
      make(
        'a',
        { href: eventLink(event) },
        make('time', { textContent: `${new Date(time).toLocaleDateString()} ${timeOfDay(time)}` }),
      ),
    ),
    changes.length > 0 && make('dl.changes', {}, ...changes.map(lineOf)),
  );
  if (isChosen) step.setAttribute('aria-current', 'step');
  return step;
}

const lineOf = (change) =>
  make(
    'div',
    {},
    make('dt', { textContent: change.name }),
    make(
      'dd',
      {},
      ...(change.from === undefined ? [make('ins', {}, ...linked(change.to))] : changeOf(change)),
    ),
  );
