/** Whether this is `npm run test:hostile`, which takes minutes. `npm test` runs the same tests in a small form. */
export const full = process.env.HOSTILE === 'full';

/** A number for the small form, and one for the full one. */
export const size = (small: number, whole: number): number => (full ? whole : small);
