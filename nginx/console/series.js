// Figures over the last fifteen minutes, on one axis of time for all that has them.

/** How far apart the moments of the axis are; a service takes its figures as often. */
export const step = 3000;
/** How many moments there are: those of fifteen minutes, and of two if there are no figures from before that. */
const lengths = { least: 40, most: 300 };

/**
 * The moments of the fifteen minutes before one, in milliseconds, oldest first; fewer if nothing is known of the first of
 * them, so that a system just started does not show as a line at the edge.
 */
export function momentsUntil(end, since) {
  const known = Math.ceil((end - since) / step) + 1;
  const length = Math.min(lengths.most, Math.max(lengths.least, known));
  return Array.from({ length }, (_, at) => end - (length - 1 - at) * step);
}

/** For each moment the point that was the newest then; nothing if that was long before. Points are in order of time. */
export function pointsAt(moments, points) {
  let next = 0;
  return moments.map((moment) => {
    while (next < points.length && points[next].time <= moment) next += 1;
    const point = points[next - 1];
    return point && point.time > moment - 2 * step ? point : undefined;
  });
}

/**
 * How long the slowest hundredth of some requests took at least, in seconds; nothing if there were none.
 * @param {number[]} bounds upper bounds of the counts, ascending
 * @param {{ durations: number[] }[]} points each with one count for each bound, and one for what took longer
 */
export function p99(bounds, points) {
  const counts = points.reduce((all, { durations }) => durations.map((n, at) => n + (all[at] ?? 0)), []);
  const rank = sumOf(counts) * 0.99;
  if (rank === 0) return undefined;
  let below = 0;
  const at = counts.findIndex((n) => {
    below += n;
    return below >= rank;
  });
  if (at >= bounds.length) return bounds.at(-1);
  const lower = bounds[at - 1] ?? 0;
  return lower + (bounds[at] - lower) * ((rank - (below - counts[at])) / counts[at]);
}

export const sumOf = (values) => values.reduce((all, value) => all + value, 0);

/** The sum of what is there; nothing if nothing is. */
export function sumOfKnown(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? sumOf(known) : undefined;
}
