import { ask } from './api.js';
import { createMemory } from './changes.js';
import { byId, day, setText, timeOfDay } from './dom.js';
import { idIn, itemOf } from './item.js';

// What the streams have from before the events of this page, read page by page, backwards.

/** How many events are read at once, and how many are kept: the oldest. */
const pageSize = 500;
const maxItems = 5000;

const back = byId('events-back');

/** What was read of earlier events, until it is forgotten. */
export function earlierEvents() {
  let items = [];
  let turn = 0;

  /** Reads one page more: at first up to the event with this key. What goes wrong is told on the page. */
  async function read(first, kept) {
    turn += 1;
    const own = turn;
    setText(back, 'Reading …');
    const until = idIn(items[0]?.key ?? first);
    const { events = [], problem } = await ask(`/events/recent?limit=${pageSize}&until=${until}`).catch(
      (error) => ({ problem: error.message }),
    );
    if (own !== turn) return;
    const changesOf = createMemory();
    const known = new Set([...items, ...kept].map(({ key }) => key));
    const page = events
      .map((event) => ({ ...itemOf(event), changes: changesOf(event) }))
      .filter(({ key }) => !known.has(key));
    items = [...page, ...items].slice(0, maxItems);
    setText(back, problem ?? words(events.length < pageSize));
  }

  function words(isAll) {
    const { time } = items[0] ?? {};
    if (isAll) return 'These are all events there are.';
    return `Back to ${day(time)}, ${timeOfDay(time)}`;
  }

  return {
    items: () => items,
    read,
    forget() {
      items = [];
      turn += 1;
      setText(back, '');
    },
  };
}
