import { SpanStatusCode } from '@opentelemetry/api';
import type { Middleware } from 'koa';
import { routeOf } from '../telemetry/request-metrics.ts';
import type { RequestState } from '../telemetry/request-state.ts';
import { beginSpan, traceparentOf, within } from '../tracing.ts';
import { contextHeaders } from './context.ts';

/**
 * Makes each request a span below the traceparent it came with, until its answer has been sent; answer, log and events
 * then carry the span's own. A route that is untraced has none.
 */
export const requestSpan: Middleware<RequestState> = (ctx, next) => {
  const { context, route } = ctx.state;
  if (route?.untraced) return next();
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
  ctx.state.context = { ...context, trace: traceparentOf(span) };
  ctx.set(contextHeaders(ctx.state.context));
  ctx.res.once('close', () => {
    const pattern = routeOf(ctx.state);
    span.updateName(`${ctx.method} ${pattern}`);
    span.setAttributes({ 'http.route': pattern, 'http.response.status_code': ctx.status });
    if (ctx.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  return within(span, next);
};
