/** What a replay tells the process that started it with a channel for messages. */
export interface ReplayNews {
  /** entries read so far, of how many there were at its start */
  read: number;
  total: number;
  differences: number;
  /** those of the first differences that were not told yet */
  found: string[];
}

/** How often news is sent, in milliseconds, and how many differences are told in words. */
const tellInterval = 100;
const maxFound = 100;

/** Sends news of a replay to the parent process if it listens; else does nothing. */
export function tellParent(total: number) {
  const news: ReplayNews = { read: 0, total, differences: 0, found: [] };
  let toldAt = Number.NEGATIVE_INFINITY;

  function tell(): void {
    toldAt = performance.now();
    if (process.connected) process.send?.(news);
    news.found = [];
  }

  function tellSometimes(): void {
    if (performance.now() - toldAt >= tellInterval) tell();
  }

  tell();
  return {
    read(entries: number): void {
      news.read += entries;
      tellSometimes();
    },
    differs(what: string): void {
      news.differences += 1;
      if (news.differences <= maxFound) news.found.push(what);
      tellSometimes();
    },
    end: tell,
  };
}
