import Koa from 'koa';
import type { Logger } from 'pino';
import { Failure } from '../failure.ts';
import { measureReadiness } from '../telemetry/metrics.ts';
import { requestLog } from '../telemetry/request-log.ts';
import { requestMetrics } from '../telemetry/request-metrics.ts';
import type { RequestState } from '../telemetry/request-state.ts';
import { isTracing } from '../tracing.ts';
import { type CommonCollaborators, commonRoutes } from './common-routes.ts';
import { type AppContext, readContext, setContext } from './context.ts';
import { type Problems, problemAnswers } from './problems.ts';
import { withinRequestSpan } from './request-span.ts';
import type { Api, Endpoint, RouteContext } from './route.ts';
import { bind, routing } from './routing.ts';

/** Routes that are no part of a service's API, such as those of operators. They bring their own collaborators. */
export interface AppPart {
  routes: Endpoint[];
  /** The problems they answer with beside those of every service. */
  problems?: Problems;
}

export interface AppOptions<Collaborators> extends CommonCollaborators {
  log: Logger;
  /** The service's own routes with their description. */
  api: Api<Collaborators>;
  /** What the routes of the API are answered with. */
  collaborators: Collaborators;
  parts?: AppPart[];
  /** Whether the routes of the API and of the parts may be used yet; before that they answer `not_ready`. */
  isOpen(): boolean;
}

/**
 * The app both services are: request ids, metrics, log, problems and the routes of every service around the service's
 * own. It is one middleware that does one thing after the other: each further one would cost every request.
 */
export function createApp<Collaborators>(options: AppOptions<Collaborators>): Koa<RequestState> {
  const { log, metrics, readiness, api, collaborators, parts = [], isOpen } = options;
  const own = [...bind(api.routes, collaborators), ...parts.flatMap(({ routes }) => routes)];
  const { findRoute, tellMethods } = routing([
    ...bind(commonRoutes(api.name), options),
    ...own.map((route) => openWhen(isOpen, route)),
  ]);
  const problems: Problems = Object.assign({}, api.problems, ...parts.map((part) => part.problems));
  const answerProblem = problemAnswers(log, problems);
  const logRequest = requestLog(log);
  const measured = requestMetrics(metrics);

  async function answer(ctx: AppContext, route: Endpoint | undefined, start: number): Promise<void> {
    try {
      refuseOtherTypes(ctx, route);
      if (route) await route.handle(ctx as RouteContext, undefined);
      else await tellMethods(ctx);
      refuseUnanswered(ctx);
    } catch (error) {
      answerProblem(ctx, error);
    }
    const ms = performance.now() - start;
    logRequest(ctx, ms);
    measured.end(ctx, ms);
  }

  measureReadiness(metrics, readiness);
  const app = new Koa<RequestState>();
  app.use((ctx) => {
    const start = performance.now();
    measured.begin();
    const route = findRoute(ctx);
    setContext(ctx, readContext(ctx.headers));
    const traced = isTracing() && !route?.untraced;
    return traced ? withinRequestSpan(ctx, () => answer(ctx, route, start)) : answer(ctx, route, start);
  });
  app.on('error', (error: NodeJS.ErrnoException, ctx?: AppContext) => {
    const requestId = ctx?.state.context?.request;
    if (clientLeft.has(error.code ?? '')) log.debug({ requestId, code: error.code }, 'a client left early');
    else log.warn({ err: error, requestId }, 'an answer was cut short');
  });
  return app;
}

/** The route, which answers `not_ready` until it may be used. */
const openWhen = (isOpen: () => boolean, route: Endpoint): Endpoint => ({
  ...route,
  handle(ctx, collaborators) {
    if (!isOpen())
      throw new Failure(
        'not_ready',
        'The service is starting, or its data is being moved. Try again shortly.',
      );
    return route.handle(ctx, collaborators);
  },
});

/** How an answer fails whose client is gone. */
const clientLeft = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  'ABORT_ERR',
]);

/** Turns away what asks for another media type than JSON if its route has no other. */
function refuseOtherTypes(ctx: AppContext, route: Endpoint | undefined): void {
  const { accept } = ctx.headers;
  if (accept === undefined || accept === '*/*' || ctx.method === 'DELETE' || route?.type !== undefined)
    return;
  if (!ctx.accepts('application/json', 'application/problem+json')) {
    throw new Failure('not_acceptable', 'Every answer here is application/json.');
  }
}

/** Turns away what no route has answered. */
function refuseUnanswered(ctx: AppContext): void {
  if (ctx.method === 'OPTIONS' && ctx.status === 200) ctx.status = 204;
  if (ctx.body !== undefined && ctx.body !== null) return;
  if (ctx.status === 404) throw new Failure('not_found', 'There is nothing at this path.');
  if (ctx.status === 405) {
    throw new Failure('method_not_allowed', `Use ${ctx.response.get('Allow')} with this path.`);
  }
}
