import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import type { AppState } from '../http/app.ts';

/** The paths that are asked again and again to watch a service. */
export const probes = new Set(['/health', '/ready', '/metrics']);

/**
 * Whether a request comes again and again and changes nothing: of programs that watch, and of the operators' console.
 */
const isProbe = ({ method, path }: { method: string; path: string }): boolean =>
  probes.has(path) || (method === 'GET' && path.startsWith('/operator/'));

/** One line a request, when its answer is decided. Probes are logged at level debug. */
export function requestLog(log: Logger): Middleware<AppState> {
  return async (ctx, next) => {
    const start = performance.now();
    await next();
    const { request: requestId, trace } = ctx.state.context;
    const ms = Math.round((performance.now() - start) * 10) / 10;
    log[isProbe(ctx) ? 'debug' : 'info'](
      { requestId, trace, method: ctx.method, url: ctx.url, status: ctx.status, ms },
      'request',
    );
  };
}
