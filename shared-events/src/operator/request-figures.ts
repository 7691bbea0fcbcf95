import type { Registry } from 'prom-client';

/** What was answered since the figures before; times in milliseconds since 1970. */
export interface RequestFigures {
  time: number;
  /** the seconds since the figures before */
  seconds: number;
  answered: number;
  /** those of them with a status from 500 */
  failed: number;
  /** how many took how long: one count for each bound of `bounds`, and one for what took longer */
  durations: number[];
}

interface Totals {
  answered: number;
  failed: number;
  /** by upper bound in seconds, in the order of the bounds; each with what is below it */
  cumulative: Map<string, number>;
}

/**
 * Returns what takes the figures of requests to some routes from counters that are kept anyway, so that no request costs
 * more for it. What it tells first are the figures since the start.
 */
export function requestFigures(metrics: Registry, routes: ReadonlySet<string>) {
  let before: Totals = { answered: 0, failed: 0, cumulative: new Map() };
  let last = performance.now();

  async function valuesOf(name: string) {
    const { values = [] } = (await metrics.getSingleMetric(name)?.get()) ?? {};
    return (values as { metricName?: string; labels: Record<string, string>; value: number }[]).filter(
      ({ labels }) => routes.has(labels.route ?? ''),
    );
  }

  async function totals(): Promise<Totals> {
    const requests = await valuesOf('http_requests_total');
    const durations = await valuesOf('http_request_duration_seconds');
    const cumulative = new Map<string, number>();
    for (const { labels, value } of durations) {
      if (labels.le !== undefined) cumulative.set(labels.le, (cumulative.get(labels.le) ?? 0) + value);
    }
    return {
      answered: sum(requests.map(({ value }) => value)),
      failed: sum(requests.filter(({ labels }) => Number(labels.status) >= 500).map(({ value }) => value)),
      cumulative,
    };
  }

  return async (): Promise<RequestFigures> => {
    const now = await totals();
    const at = performance.now();
    const below = [...now.cumulative].map(([bound, count]) => count - (before.cumulative.get(bound) ?? 0));
    const figures = {
      time: Date.now(),
      seconds: (at - last) / 1000,
      answered: now.answered - before.answered,
      failed: now.failed - before.failed,
      durations: below.map((count, place) => count - (below[place - 1] ?? 0)),
    };
    before = now;
    last = at;
    return figures;
  };
}

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
