import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { number, object } from 'yup';
import type { Layout } from '../events/layout.ts';
import type { Store } from '../redis/store.ts';
import { durationBuckets } from '../telemetry/histogram.ts';
import { guardProblems, type OperatorRoutes, onOwnMachine } from './guard.ts';
import { keepHistory } from './kept-history.ts';
import { readNodes } from './nodes.ts';
import { requestFigures } from './request-figures.ts';
import { streamFigures } from './stream-figures.ts';

interface RequestHistoryOptions {
  metrics: Registry;
  /** the patterns of the routes that count */
  paths: readonly string[];
  log: Logger;
}

const historyQuery = object({ after: number().min(0).default(0) });
const after = (query: object) => historyQuery.validateSync({ ...query }, { abortEarly: false }).after;

/** Makes what tells of the requests of the last fifteen minutes, other than those of operators and health checks. */
export function requestHistoryRoutes({ metrics, paths, log }: RequestHistoryOptions): OperatorRoutes {
  const take = requestFigures(metrics, new Set([...paths, 'unmatched']));
  const history = keepHistory({ name: 'requests', take, log });
  return {
    stop: history.stop,
    problems: guardProblems,
    routes: onOwnMachine([
      {
        method: 'get',
        path: '/operator/history/requests',
        handle(ctx) {
          ctx.body = { bounds: durationBuckets, points: history.since(after(ctx.query)) };
        },
      },
    ]),
  };
}

interface StreamHistoryOptions {
  redis: Store;
  layout: Layout;
  /** the keys of all partitions of all streams */
  streams: readonly string[];
  log: Logger;
}

/** Makes what tells of the streams and readers of the last fifteen minutes, and of the nodes that they are on. */
export function streamHistoryRoutes({ redis, layout, streams, log }: StreamHistoryOptions): OperatorRoutes {
  const history = keepHistory({ name: 'streams', take: streamFigures(redis, streams), log });
  return {
    stop: history.stop,
    problems: guardProblems,
    routes: onOwnMachine([
      {
        method: 'get',
        path: '/operator/history/streams',
        handle(ctx) {
          ctx.body = { points: history.since(after(ctx.query)) };
        },
      },
      {
        method: 'get',
        path: '/operator/nodes',
        async handle(ctx) {
          ctx.body = { nodes: await readNodes(redis, layout) };
        },
      },
    ]),
  };
}
