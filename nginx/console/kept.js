import { eventsBefore } from './earlier.js';

// The events that the page keeps, the oldest first. What comes waits until it is taken in.

/** How many are kept for searching, and how many wait. */
const maxKept = 3000;
/** How many are kept when somebody goes back in time. */
const maxBack = 10_000;

export function keptEvents() {
  let kept = [];
  let waiting = [];
  let heldBack = 0;

  return {
    items: () => kept,
    /** How many have come since the last were taken in. */
    heldBack: () => heldBack,
    find: (key) => [...kept, ...waiting].findLast((item) => item.key === key),
    add(item) {
      waiting.push(item);
      if (waiting.length > maxKept) waiting.shift();
      heldBack += 1;
    },
    /** Takes in what has waited, lets go of what is too old, and gives what was taken in. */
    takeIn() {
      const taken = waiting;
      kept = [...kept, ...taken].slice(-maxKept);
      waiting = [];
      heldBack = 0;
      return taken;
    },
    /**
     * Takes in some events from before those that are kept. Resolves to what to say of it in words; to nothing, and takes
     * in none, if newer ones were taken in meanwhile.
     */
    async goBack() {
      if (kept.length >= maxBack) return 'No further back: search for a full id instead.';
      const here = kept;
      const { events, words } = await eventsBefore(here);
      if (kept !== here) return undefined;
      kept = [...events, ...kept];
      return words;
    },
  };
}
