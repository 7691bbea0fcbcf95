import { Stream } from 'node:stream';
import type { ParameterizedContext } from 'koa';
import { Counter, Gauge, type Registry } from 'prom-client';
import { durationBuckets, histogram, type Observe } from './histogram.ts';
import type { RequestState } from './request-state.ts';

/** The requests of one method to one route. */
interface Requests {
  observe: Observe;
  /** how many were answered with each status */
  statuses: Map<number, number>;
}

/** The pattern of the route that a request is for; `unmatched` for all that no route knows. */
export const routeOf = ({ route }: RequestState): string => route?.path ?? 'unmatched';

/** Is told when a request begins and when its answer is decided, and how long that took, in milliseconds. */
interface RequestMetrics {
  begin(): void;
  end(ctx: ParameterizedContext<RequestState>, ms: number): void;
}

/**
 * Counts requests, how long it takes until their answers are decided, and how many are under way until their answers
 * have been sent. Plain numbers, because it is done with every request.
 */
export function requestMetrics(registry: Registry): RequestMetrics {
  const byRoute = new Map<string, Map<string, Requests>>();
  let underWay = 0;

  new Counter({
    name: 'http_requests_total',
    help: 'Requests that were answered, by route pattern',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [route, byMethod] of byRoute) {
        for (const [method, { statuses }] of byMethod) {
          for (const [status, count] of statuses) this.inc({ method, route, status: String(status) }, count);
        }
      }
    },
  });
  new Gauge({
    name: 'http_requests_under_way',
    help: 'Requests whose answers have not been sent to their end',
    registers: [registry],
    collect() {
      this.set(underWay);
    },
  });
  const durations = histogram(registry, {
    name: 'http_request_duration_seconds',
    help: 'Time until an answer was decided, by route pattern',
    labelNames: ['method', 'route'],
    buckets: durationBuckets,
  });

  function requestsOf(method: string, route: string): Requests {
    const found = byRoute.get(route)?.get(method);
    if (found !== undefined) return found;
    const requests = { observe: durations(method, route), statuses: new Map() };
    byRoute.set(route, (byRoute.get(route) ?? new Map()).set(method, requests));
    return requests;
  }

  function leave(): void {
    underWay -= 1;
  }

  return {
    begin() {
      underWay += 1;
    },
    end({ state, method, status, body, res }, ms) {
      const { observe, statuses } = requestsOf(method, routeOf(state));
      observe(ms / 1000);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (body instanceof Stream && !res.closed) res.once('close', leave);
      else leave();
    },
  };
}
