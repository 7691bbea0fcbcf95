/** How long what happens in one partition after the other is gathered, in milliseconds. */
const gatherTime = 1000;

/**
 * Returns what takes note of partitions, and has those of about a second told at once, as a text such as `0-7, 12`: what
 * happens in each of them when a service starts, or takes over from another, is one line of a log and not as many as there
 * are partitions.
 */
export function together(tell: (partitions: string) => void): (partition: number) => void {
  let noted: number[] = [];
  return (partition) => {
    if (noted.push(partition) > 1) return;
    setTimeout(() => {
      const all = noted;
      noted = [];
      tell(rows(all));
    }, gatherTime).unref();
  };
}

/** Returns numbers as a text, those that follow each other as a row. */
function rows(numbers: readonly number[]): string {
  const has = new Set(numbers);
  const inOrder = [...has].sort((one, other) => one - other);
  const firsts = inOrder.filter((each) => !has.has(each - 1));
  const lasts = inOrder.filter((each) => !has.has(each + 1));
  return firsts.map((first, at) => (first === lasts[at] ? `${first}` : `${first}-${lasts[at]}`)).join(', ');
}
