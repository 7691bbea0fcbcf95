import { SpanStatusCode } from '@opentelemetry/api';
import type { Middleware } from 'koa';
import { routeOf } from '../telemetry/request-metrics.ts';
import type { RequestState } from '../telemetry/request-state.ts';
import { beginSpan, inSpan, isTracing, traceparentOf, within } from '../tracing.ts';
import { contextHeaders } from './context.ts';
import type { ServiceClient } from './service-client.ts';

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

/**
 * A client of a service each of whose requests is a span that the service's own is below. The client itself while
 * tracing is off.
 */
export function tracedClient(name: string, client: ServiceClient): ServiceClient {
  if (!isTracing()) return client;
  return {
    ...client,
    get: (path, context, signal) =>
      inSpan(
        {
          name: `GET ${name}`,
          kind: 'client',
          parent: context.trace,
          attributes: { 'http.request.method': 'GET', 'url.path': path, 'peer.service': name },
        },
        async (span) => {
          const answer = await client.get(path, { ...context, trace: traceparentOf(span) }, signal);
          span.setAttribute('http.response.status_code', answer.status);
          return answer;
        },
      ),
  };
}
