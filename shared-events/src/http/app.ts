import { METHODS } from 'node:http';
import Router from '@koa/router';
import Koa from 'koa';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { RequestContext } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import type { OpenApi } from '../openapi/openapi.ts';
import { measureReadiness } from '../telemetry/metrics.ts';
import { requestLog } from '../telemetry/request-log.ts';
import { requestMetrics } from '../telemetry/request-metrics.ts';
import { isTracing } from '../tracing.ts';
import { contextMiddleware } from './context.ts';
import { problemResponses } from './problems.ts';
import { requestSpan } from './traced.ts';

export interface AppState {
  context: RequestContext;
}
export type AppContext = Koa.ParameterizedContext<AppState>;
export type AppRouter = Router<AppState>;

interface AppOptions {
  log: Logger;
  /** The service's own routes. */
  routes(router: AppRouter): void;
  /** Whether the service's own routes may be used yet. */
  isOpen(): boolean;
  /** The names of what is missing for good service; none when all is there. */
  missing(): Promise<string[]>;
  /** The description of the service's API, which `GET /openapi.json` answers with. */
  api: OpenApi;
  /** What `GET /metrics` tells. The gateway does not lead there. */
  metrics: Registry;
}

/** Routes of several parts as those of one. */
export const allRoutes =
  (...parts: AppOptions['routes'][]): AppOptions['routes'] =>
  (router) => {
    for (const routes of parts) routes(router);
  };

/** The app both services are: request ids, log, problems, health and readiness around the service's own routes. */
export function createApp({ log, routes, api, isOpen, missing, metrics }: AppOptions): Koa<AppState> {
  const description = JSON.stringify(api);
  const router: AppRouter = new Router({ strict: true, sensitive: true, methods: METHODS });

  router.get('/health', (ctx) => {
    ctx.type = 'application/json';
    ctx.body = '{"status":"healthy"}';
  });
  router.get('/ready', async (ctx) => {
    const names = await missing();
    if (names.length > 0) throw new Failure('not_ready', `Not ready: ${names.join(', ')}.`);
    ctx.type = 'application/json';
    ctx.body = '{"status":"ready"}';
  });
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json';
    ctx.body = description;
  });
  router.get('/metrics', async (ctx) => {
    ctx.body = await metrics.metrics();
    ctx.type = metrics.contentType;
  });
  router.use((_, next) => {
    if (!isOpen()) throw new Failure('not_ready', 'The service is still starting. Try again shortly.');
    return next();
  });
  routes(router);

  measureReadiness(metrics, missing);
  const app = new Koa<AppState>();
  app.use(requestMetrics(metrics));
  app.use(contextMiddleware);
  if (isTracing()) app.use(requestSpan);
  app.use(requestLog(log));
  app.use(problemResponses(log));
  app.use(refuseUnanswered);
  app.use(router.allowedMethods());
  app.use(router.routes());
  app.on('error', (error: NodeJS.ErrnoException, ctx?: AppContext) => {
    const requestId = ctx?.state.context?.request;
    if (clientLeft.has(error.code ?? '')) log.debug({ requestId, code: error.code }, 'a client left early');
    else log.warn({ err: error, requestId }, 'an answer was cut short');
  });
  return app;
}

/** Paths whose answers are not JSON. */
const otherMedia = new Set(['/metrics', '/operator/events']);

/** How an answer fails whose client is gone. */
const clientLeft = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  'ABORT_ERR',
]);

/** Turns away what asks for another media type than JSON, and what no route answered. */
async function refuseUnanswered(ctx: AppContext, next: Koa.Next): Promise<void> {
  if (
    ctx.method !== 'DELETE' &&
    !otherMedia.has(ctx.path) &&
    !ctx.accepts('application/json', 'application/problem+json')
  ) {
    throw new Failure('not_acceptable', 'Every answer here is application/json.');
  }
  await next();
  if (ctx.method === 'OPTIONS' && ctx.status === 200) ctx.status = 204;
  if (ctx.body !== undefined && ctx.body !== null) return;
  if (ctx.status === 404) throw new Failure('not_found', 'There is nothing at this path.');
  if (ctx.status === 405) {
    throw new Failure('method_not_allowed', `Use ${ctx.response.get('Allow')} with this path.`);
  }
}
