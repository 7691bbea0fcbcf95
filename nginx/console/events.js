import { byId, count, make, setText, timeOfDay } from './dom.js';

// The list of events. Whatever comes, the page is changed once a frame and keeps few rows.

const maxRows = 200;
/** How many events are kept for searching, and while the list is paused. */
const maxKept = 3000;

const list = byId('events-list');
const none = byId('events-none');
const pause = byId('events-pause');
const type = byId('events-type');
const search = byId('events-search');

/** The list of events, with its filter, search and pause. @param {{ onChoose(item: object): void }} told */
export function createEventList({ onChoose }) {
  /** all that is kept, the oldest first */
  let kept = [];
  /** what came since the last frame */
  let fresh = [];
  let paused = false;
  let heldBack = 0;
  let chosen;
  let drawing = false;
  // To ask the list itself would have it laid out once more in every frame.
  let isAtTop = true;

  function wanted(item) {
    if (type.value !== '' && item.type !== type.value && item.type !== 'gap') return false;
    const text = search.value.trim().toLowerCase();
    if (text === '') return true;
    item.text ??= JSON.stringify(item.event).toLowerCase();
    return item.text.includes(text);
  }

  function draw() {
    drawing = false;
    const arrived = fresh;
    fresh = [];
    kept.push(...arrived);
    if (kept.length > maxKept) kept = kept.slice(-maxKept);
    if (paused) heldBack += arrived.length;
    else showNewest(arrived.filter(wanted).slice(-maxRows));
    tell();
  }

  function showNewest(items) {
    if (items.length === 0) return;
    const rows = document.createDocumentFragment();
    for (const item of items.toReversed()) rows.append(rowOf(item));
    const height = isAtTop ? 0 : list.scrollHeight;
    list.prepend(rows);
    if (!isAtTop) list.scrollTop += list.scrollHeight - height;
    while (list.childElementCount > maxRows) list.lastElementChild.remove();
    rove();
  }

  function redraw() {
    list.replaceChildren();
    showNewest(kept.filter(wanted).slice(-maxRows));
    tell();
  }

  function tell() {
    none.hidden = list.childElementCount > 0;
    setText(none, kept.length > 0 ? 'No event is like that.' : 'No event yet. “Try it” makes some.');
    const label = paused ? `Go on${heldBack > 0 ? ` · ${count(heldBack)} new` : ''} ` : 'Pause ';
    if (pause.firstChild.data !== label) pause.firstChild.data = label;
  }

  function rowOf(item) {
    const button = make(
      'button.event',
      { type: 'button', tabIndex: -1, dataset: { kind: item.kind, key: item.key } },
      make('time', { dateTime: item.time, textContent: timeOfDay(item.time) }),
      make('b', { textContent: item.type }),
      make('span.what', { textContent: item.what }),
      make('code', { textContent: item.subject.slice(-12) }),
    );
    if (item === chosen) button.setAttribute('aria-current', 'true');
    button.addEventListener('click', () => choose(item, button));
    button.item = item;
    return make('li', {}, button);
  }

  function choose(item, button) {
    chosen = item;
    list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    button.setAttribute('aria-current', 'true');
    rove(button);
    onChoose(item);
  }

  /** One row at a time can be reached with Tab; arrows go on from there. */
  function rove(button) {
    const current = list.querySelector('[tabindex="0"]');
    const next = button ?? current ?? list.querySelector('button');
    if (current && current !== next) current.tabIndex = -1;
    if (next) next.tabIndex = 0;
  }

  function move(step) {
    const at = list.querySelector('[tabindex="0"]');
    const focused = list.contains(document.activeElement);
    const row = at?.parentElement;
    const next = focused ? (step > 0 ? row?.nextElementSibling : row?.previousElementSibling) : row;
    const button = next?.querySelector('button');
    if (!button) return;
    rove(button);
    button.focus();
  }

  function togglePause() {
    paused = !paused;
    heldBack = 0;
    pause.setAttribute('aria-pressed', String(paused));
    if (paused) tell();
    else redraw();
  }

  pause.addEventListener('click', togglePause);
  type.addEventListener('change', redraw);
  search.addEventListener('input', redraw);
  byId('events-tools').addEventListener('submit', (event) => event.preventDefault());
  list.addEventListener('scroll', () => {
    isAtTop = list.scrollTop === 0;
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step);
  });

  return {
    togglePause,
    move,
    focusSearch: () => search.focus(),
    add(event, kind) {
      fresh.push(itemOf(event, kind));
      if (fresh.length > maxKept) fresh.shift();
      if (drawing) return;
      drawing = true;
      requestAnimationFrame(draw);
    },
  };
}

/** What the list shows of an event. */
function itemOf(event, kind) {
  if (kind === 'gap') {
    const what = `${event.stream}: entries behind ${event.after} up to ${event.until} are gone`;
    return { event, kind, type: 'gap', time: Date.now(), what, subject: '', key: '' };
  }
  const known = 'specversion' in event;
  const type = known ? event.type : 'undecodable';
  const stream = known ? event.source : event.stream;
  return {
    event,
    type,
    kind: type.split('.').at(-1),
    time: Number.parseInt(event.id, 10),
    what: known ? String(event.data?.name ?? event.data?.title ?? '') : event.reason,
    subject: event.subject ?? '',
    key: `${stream} ${event.id}`,
  };
}
