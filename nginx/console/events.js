import { createMemory } from './changes.js';
import { byId, count, setText } from './dom.js';
import { findInStreams } from './find.js';
import { itemOf } from './item.js';
import { keptEvents } from './kept.js';
import { rowOf } from './row.js';

// The list of events. Whatever comes, the page is changed once a frame and keeps few rows.

const maxRows = 200;

const list = byId('events-list');
const none = byId('events-none');
const pause = byId('events-pause');
const earlier = byId('events-earlier');
const back = byId('events-back');
const type = byId('events-type');
const search = byId('events-search');

/**
 * The list of events, with its filter, search and pause.
 * @param {{ onChoose(item: object): void, onNewest(item: object): void }} told
 */
export function createEventList({ onChoose, onNewest }) {
  const kept = keptEvents();
  /** how many rows there may be: more, the further back somebody goes */
  let rows = maxRows;
  /** what the streams have of an id that is searched for */
  let found = [];
  let chosen;
  /** the row that Tab reaches */
  let reached;
  let drawing = false;
  let isPaused = false;
  let isPointedAt = false;
  /** whether events can be read, once that is known */
  let isLive;
  // To ask the list itself would have it laid out once more in every frame.
  let isAtTop = true;
  const changesOf = createMemory();
  const finder = findInStreams({
    onChange(events) {
      found = events.map((event) => itemOf(event));
      redraw();
    },
  });

  function wanted(item) {
    if (type.value !== '' && item.type !== type.value && item.type !== 'gap') return false;
    const text = search.value.trim().toLowerCase();
    if (text === '') return true;
    item.text ??= JSON.stringify(item.event).toLowerCase();
    return item.text.includes(text);
  }

  /** No row moves while somebody aims at one, be it with a mouse or with keys. */
  const isHeld = () => isPaused || isPointedAt || list.querySelector(':focus-visible') !== null;

  function drawSoon() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    drawing = false;
    if (!isHeld()) takeIn();
    tell();
  }

  function takeIn() {
    const arrived = kept.takeIn();
    showNewest(arrived.filter(wanted).slice(-maxRows));
    if (arrived.length > 0) onNewest(arrived.at(-1));
  }

  function showNewest(items) {
    if (items.length === 0) return;
    const height = isAtTop ? 0 : list.scrollHeight;
    list.prepend(rowsOf(items));
    if (!isAtTop) list.scrollTop += list.scrollHeight - height;
    while (list.childElementCount > rows) list.lastElementChild.remove();
    rove();
  }

  function rowsOf(items) {
    const made = document.createDocumentFragment();
    for (const item of items.toReversed()) made.append(rowOf(item, item.key === chosen, choose));
    return made;
  }

  /** All that is there and wanted, the oldest first. */
  function all() {
    const here = kept.items().filter(wanted);
    const keys = new Set(here.map(({ key }) => key));
    const others = found.filter((item) => wanted(item) && !keys.has(item.key));
    return others.length === 0 ? here : [...others, ...here].toSorted((one, other) => one.time - other.time);
  }

  function redraw() {
    list.replaceChildren();
    showNewest(all().slice(-rows));
    tell();
  }

  /** Pauses, and shows more rows below those there are: of what is kept, and then of what the streams have. */
  async function showEarlier() {
    if (earlier.disabled) return;
    if (!isPaused) togglePause();
    rows = list.childElementCount + maxRows;
    if (all().length < rows) {
      earlier.disabled = true;
      const words = await kept.goBack();
      earlier.disabled = false;
      if (words === undefined) return;
      setText(back, words);
    }
    const there = all();
    list.append(rowsOf(there.slice(-rows, there.length - list.childElementCount)));
    rove();
    tell();
  }

  function tell() {
    none.hidden = list.childElementCount > 0;
    setText(none, kept.items().length > 0 ? finder.words() : wordsOfNone());
    const news = kept.heldBack() > 0 ? ` · ${count(kept.heldBack())} new` : '';
    const label = `${isPaused ? 'Go on' : 'Pause'}${news} `;
    if (pause.firstChild.data !== label) pause.firstChild.data = label;
  }

  function wordsOfNone() {
    if (isLive === undefined) return 'Reading the events …';
    return isLive ? 'No event yet. “Try it” makes some.' : 'Events cannot be read now.';
  }

  function choose(item, button) {
    mark(item.key);
    rove(button);
    onChoose(item);
  }

  /** Marks the event with a key, or none. */
  function mark(key) {
    chosen = key;
    list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    if (key) list.querySelector(`[data-key="${CSS.escape(key)}"]`)?.setAttribute('aria-current', 'true');
  }

  /** One row at a time can be reached with Tab; arrows go on from there. */
  function rove(button) {
    const next = button ?? (list.contains(reached) ? reached : list.querySelector('button'));
    if (reached && reached !== next) reached.tabIndex = -1;
    reached = next ?? undefined;
    if (reached) reached.tabIndex = 0;
  }

  function move(step) {
    const focused = list.contains(document.activeElement);
    const row = reached?.parentElement;
    const next = focused ? (step > 0 ? row?.nextElementSibling : row?.previousElementSibling) : row;
    const button = next?.querySelector('button');
    if (!button) return;
    rove(button);
    button.focus();
  }

  function togglePause() {
    rows = maxRows;
    setText(back, '');
    isPaused = !isPaused;
    pause.setAttribute('aria-pressed', String(isPaused));
    if (isPaused) return tell();
    kept.takeIn();
    redraw();
  }

  function searchFor(text) {
    search.value = text;
    finder.look(text.trim());
    redraw();
  }

  pause.addEventListener('click', togglePause);
  earlier.addEventListener('click', showEarlier);
  type.addEventListener('change', redraw);
  search.addEventListener('input', () => searchFor(search.value));
  byId('events-tools').addEventListener('submit', (event) => {
    event.preventDefault();
    list.querySelector('button')?.click();
  });
  list.addEventListener('scroll', () => {
    isAtTop = list.scrollTop === 0;
  });
  list.addEventListener('pointerenter', ({ pointerType }) => {
    isPointedAt = pointerType === 'mouse';
  });
  list.addEventListener('pointerleave', () => {
    isPointedAt = false;
    drawSoon();
  });
  list.addEventListener('focusout', drawSoon);
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(step);
  });

  return {
    togglePause,
    showEarlier,
    move,
    mark,
    /** Takes the focus from a row, so that the list goes on. */
    leave: () => list.querySelector(':focus')?.blur(),
    /** Tells whether events can be read. */
    noteFeed(now) {
      isLive = now;
      tell();
    },
    searchFor,
    focusSearch: () => search.focus(),
    /** What is kept here of a subject, oldest first. */
    lifeOf: (subject) =>
      kept
        .items()
        .filter((item) => item.subject === subject)
        .map(({ event }) => event),
    find: kept.find,
    add(event, kind) {
      kept.add({ ...itemOf(event, kind), changes: changesOf(event) });
      drawSoon();
    },
  };
}
