/**
 * The value that a fraction of the list does not exceed, by nearest rank; the list may be in any order. NaN where the
 * list is empty.
 */
export function percentile(list: number[], fraction: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle. NaN where the list is empty. */
export function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1);
  return (low + high) / 2;
}

/** How far the values lie apart, as a part of their median: 0.1 is ten percent. */
export const spread = (list: number[]): number => (Math.max(...list) - Math.min(...list)) / median(list);

/** What is told of times: the middle, the worst of a hundred, the worst. */
export interface Latency {
  count: number;
  /** milliseconds, like the others */
  p50: number;
  p99: number;
  max: number;
}

export const latencyOf = (ms: number[]): Latency => ({
  count: ms.length,
  p50: percentile(ms, 0.5),
  p99: percentile(ms, 0.99),
  max: percentile(ms, 1),
});
