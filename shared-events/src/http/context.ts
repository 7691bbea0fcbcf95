import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ParameterizedContext } from 'koa';
import type { RequestContext } from '../events/entry.ts';
import type { RequestState } from '../telemetry/request-state.ts';

/** A request and its answer, in both services. */
export type AppContext = ParameterizedContext<RequestState>;

/** What an X-Request-Id and a traceparent may be that are taken from a request; the gateway has the same. */
export const requestIdPattern = /^[\w.:@/+=-]{1,128}$/;
export const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** 32 hex digits. Node draws the random bytes of many UUIDs at a time, which makes them cheap. */
const randomHex = (): string => randomUUID().replaceAll('-', '');

const newTraceparent = (): string => `00-${randomHex()}-${randomHex().slice(16)}-01`;

/** The headers that carry a request context from service to service, and back to the client. */
export const contextHeaders = ({ request, trace }: RequestContext) => ({
  'X-Request-Id': request,
  traceparent: trace,
});

/** The context that headers tell of; what they do not tell, or not well, is made. */
export function readContext(headers: IncomingHttpHeaders): RequestContext {
  const request = headers['x-request-id'];
  const { traceparent: trace } = headers;
  return {
    request: isLike(requestIdPattern, request) ? request : randomUUID(),
    trace: isLike(traceparentPattern, trace) ? trace : newTraceparent(),
  };
}

const isLike = (pattern: RegExp, value: unknown): value is string =>
  typeof value === 'string' && pattern.test(value);

/** Makes this the context of a request, and answers with it. */
export function setContext(ctx: AppContext, context: RequestContext): void {
  ctx.state.context = context;
  ctx.set('X-Request-Id', context.request);
  ctx.set('traceparent', context.trace);
}
