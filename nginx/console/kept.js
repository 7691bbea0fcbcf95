import { eventsBefore } from './earlier.js';

// The events that the page keeps, the oldest first. While they are held they stand still, and what comes waits.

/** How many are kept for searching, and how many wait. */
const maxKept = 3000;
/** How many are kept when somebody goes back in time. */
const maxBack = 10_000;

export function keptEvents() {
  let kept = [];
  let waiting = [];
  let isHeld = false;
  let heldBack = 0;

  return {
    items: () => kept,
    isHeld: () => isHeld,
    /** How many have come while they are held. */
    heldBack: () => heldBack,
    find: (key) => [...kept, ...waiting].findLast((item) => item.key === key),
    add(items) {
      if (isHeld) {
        waiting = [...waiting, ...items].slice(-maxKept);
        heldBack += items.length;
      } else {
        kept = [...kept, ...items].slice(-maxKept);
      }
    },
    hold() {
      isHeld = true;
    },
    /** Takes in what has waited, and lets go of what is too old. */
    release() {
      isHeld = false;
      heldBack = 0;
      kept = [...kept, ...waiting].slice(-maxKept);
      waiting = [];
    },
    /**
     * Takes in some events from before those that are kept. Resolves to what to say of it in words; to nothing, and takes
     * in none, if the events were released meanwhile.
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
