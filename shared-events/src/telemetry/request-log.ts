import type { ParameterizedContext } from 'koa';
import type { Logger } from 'pino';
import type { RequestState } from './request-state.ts';

/**
 * Returns what logs one line a request, when its answer is decided; at level debug if its route is quiet.
 * `ms` is how long that took. A request that is refused has the `code` of the problem.
 */
export const requestLog =
  (log: Logger) =>
  ({ state, method, url, status }: ParameterizedContext<RequestState>, ms: number): void => {
    const { request: requestId, trace } = state.context;
    const line = { requestId, trace, method, url, status, ms: Math.round(ms * 10) / 10, code: state.code };
    if (state.route?.quiet) log.debug(line, 'request');
    else log.info(line, 'request');
  };
