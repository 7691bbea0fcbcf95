import { ask } from './api.js';
import { createMemory } from './changes.js';
import { day, timeOfDay } from './dom.js';
import { itemOf } from './item.js';

// What the streams have from before the events that the page has.

/** How many events are read at once. */
const pageSize = 500;

/**
 * Resolves to some events before those that are here, the oldest first, and what to say of it in words. What goes wrong is
 * said there as well.
 */
export async function eventsBefore(here) {
  const oldest = here.find(({ key }) => key);
  if (!oldest) return { events: [], words: '' };
  try {
    const path = `/events/recent?limit=${pageSize}&until=${oldest.event.id}`;
    const { events, complete } = await ask(path);
    const known = new Set(here.map(({ key }) => key));
    const changesOf = createMemory();
    const items = events
      .map((event) => ({ ...itemOf(event), changes: changesOf(event) }))
      .filter(({ key }) => !known.has(key));
    return { events: items, words: wordsOf(events.length, (items[0] ?? oldest).time, complete) };
  } catch (error) {
    return { events: [], words: error.message };
  }
}

function wordsOf(count, time, complete) {
  if (!complete) return `Back to ${day(time)}, ${timeOfDay(time)}, but some partitions cannot be read`;
  if (count < pageSize) return 'These are all events there are.';
  return `Back to ${day(time)}, ${timeOfDay(time)}`;
}
