/** Returns how many of something there are, in words: `1 key`, `0 keys`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** The same for entries of streams. */
export const countedEntries = (count: number): string => counted(count, 'entry', 'entries');
