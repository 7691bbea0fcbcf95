/** Returns how many of something there are, in words: `1 entry`, `0 entries`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
