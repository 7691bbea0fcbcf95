import type { Histogram, Registry } from 'prom-client';

interface HistogramOptions {
  name: string;
  help: string;
  labelNames: string[];
  /** Upper bounds, ascending. */
  buckets: number[];
}

/** Counts one value. */
export type Observe = (value: number) => void;

/** Bounds for what takes half a millisecond to five seconds, in seconds. */
export const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * A histogram for what happens with every request: it keeps plain numbers, and prom-client is given them when somebody
 * asks; its own looks the labels up at each observation. Gives a function that begins a series, whose labels are in
 * the order of `labelNames`; a caller keeps what that gives.
 */
export function histogram(registry: Registry, options: HistogramOptions): (...labels: string[]) => Observe {
  const { name, help, labelNames, buckets } = options;
  const series: { labels: Record<string, string>; counts: number[]; sum: number }[] = [];

  function values() {
    return series.flatMap(({ labels, counts, sum }) => {
      let count = 0;
      const cumulative = counts.map((n, at) => {
        count += n;
        return {
          metricName: `${name}_bucket`,
          labels: { ...labels, le: buckets[at] ?? '+Inf' },
          value: count,
        };
      });
      return [
        ...cumulative,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
  }

  // All that a registry asks of a metric.
  const metric = { name, get: async () => ({ name, help, type: 'histogram', values: values() }) };
  registry.registerMetric(metric as unknown as Histogram);

  return (...given) => {
    const labels = Object.fromEntries(labelNames.map((label, at) => [label, given[at] ?? '']));
    const own = { labels, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
    series.push(own);
    const { counts } = own;
    return (value) => {
      let at = 0;
      while (at < buckets.length && value > (buckets[at] as number)) at += 1;
      counts[at] = (counts[at] as number) + 1;
      own.sum += value;
    };
  };
}
