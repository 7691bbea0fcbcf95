import { routeOf } from '../telemetry/request-metrics.ts';
import { beginSpan, failSpan, traceparentOf, within } from '../tracing.ts';
import { type AppContext, setContext } from './context.ts';

/**
 * Answers a request within a span below the traceparent it came with, which lasts until the answer has been sent; answer,
 * log and events then carry the span's own. Call it only while tracing.
 */
export function withinRequestSpan<T>(ctx: AppContext, answer: () => T): T {
  const { context } = ctx.state;
  const span = beginSpan({
    name: ctx.method,
    kind: 'server',
    parent: context.trace,
    attributes: {
      'http.request.method': ctx.method,
      'url.path': ctx.path,
      'http.request.header.x-request-id': [context.request],
    },
  });
  setContext(ctx, { ...context, trace: traceparentOf(span) });
  ctx.res.once('close', () => {
    const pattern = routeOf(ctx.state);
    span.updateName(`${ctx.method} ${pattern}`);
    span.setAttributes({ 'http.route': pattern, 'http.response.status_code': ctx.status });
    if (ctx.status >= 500) failSpan(span);
    span.end();
  });
  return within(span, answer);
}
