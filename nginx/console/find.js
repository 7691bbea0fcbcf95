import { ask } from './api.js';
import { isEntryId, isSubject } from './links.js';

// A full id in the search is asked for in the streams: the page holds only the last of their events.

/** How long typing has to rest before the streams are asked, in milliseconds. */
const rest = 150;

/** Looks for ids; what is found last asked for is what is told. @param {{ onChange(events: object[]): void }} told */
export function findInStreams({ onChange }) {
  let words = '';
  let turn = 0;

  async function look(text) {
    turn += 1;
    const own = turn;
    const path = isSubject(text) ? `/subjects/${text}` : isEntryId(text) ? `/entries/${text}` : undefined;
    words = path ? 'Looking through the streams …' : '';
    onChange([]);
    if (!path) return;
    await new Promise((resolve) => setTimeout(resolve, rest));
    if (own !== turn) return;
    const { events, problem } = await ask(path).catch((error) => ({ events: [], problem: error.message }));
    if (own !== turn) return;
    words = problem ?? 'No event in the streams has this id.';
    onChange(events);
  }

  return {
    look,
    /** What is to be said if nothing is shown. */
    words: () => words || 'No event of those kept here is like that. A full id is looked for in the streams.',
  };
}
