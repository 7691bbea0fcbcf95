import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { RequestState } from './request-state.ts';

/** Logs one line a request, when its answer is decided; at level debug if its route is quiet. */
export function requestLog(log: Logger): Middleware<RequestState> {
  return async (ctx, next) => {
    const start = performance.now();
    await next();
    const { route, context } = ctx.state;
    const { request: requestId, trace } = context;
    const ms = Math.round((performance.now() - start) * 10) / 10;
    log[route?.quiet ? 'debug' : 'info'](
      { requestId, trace, method: ctx.method, url: ctx.url, status: ctx.status, ms },
      'request',
    );
  };
}
