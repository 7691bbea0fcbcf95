import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { RequestContext } from './events/entry.ts';

/** OpenTelemetry's API: a hundred modules, which are not loaded while tracing is off. */
type OpenTelemetry = typeof import('@opentelemetry/api');

/** Makes the spans; nothing while tracing is off, which it is unless the environment asks for it. */
let tracing: (OpenTelemetry & { tracer: Tracer }) | undefined;

/** Whether spans are made. Decided before a service builds its parts, and never changed after that. */
export const isTracing = (): boolean => tracing !== undefined;

/** Makes spans with this API and this tracer from now on. */
export function traceWith(api: OpenTelemetry, tracer: Tracer): void {
  tracing = { ...api, tracer };
}

/** What makes the spans, for those that are called only while tracing. */
function whileTracing() {
  if (tracing === undefined) throw new Error('a span is asked for, and tracing is off');
  return tracing;
}

export interface SpanOptions {
  name: string;
  kind: 'server' | 'client' | 'producer' | 'consumer';
  /** The traceparent of what it is below. Where there is none it begins a trace. */
  parent?: string | undefined;
  attributes?: Attributes;
  /** The traceparents of what else it comes from. */
  links?: string[];
}

/**
 * Begins a span below its `parent`; call it only while tracing. A client or producer span that is begun within another
 * is below that one instead.
 */
export function beginSpan({ name, kind, parent, attributes = {}, links = [] }: SpanOptions): Span {
  const { tracer, trace, context, SpanKind } = whileTracing();
  const isInner = kind === 'client' || kind === 'producer';
  const from = isInner && trace.getActiveSpan() ? context.active() : contextOf(parent);
  const kinds = {
    server: SpanKind.SERVER,
    client: SpanKind.CLIENT,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
  };
  return tracer.startSpan(name, { kind: kinds[kind], attributes, links: links.flatMap(linkTo) }, from);
}

/** Runs work within a span, so that spans begun by it are below that. */
export function within<T>(span: Span, work: () => T): T {
  const { context, trace } = whileTracing();
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Runs work outside of all spans: what it goes on with for long would only fill the trace of who began it. */
export const untraced = <T>(work: () => T): T =>
  tracing === undefined ? work() : tracing.context.with(tracing.ROOT_CONTEXT, work);

/** Runs work within a span of its own, which ends with it. Call it only while tracing. */
export async function inSpan<T>(options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const span = beginSpan(options);
  try {
    return await within(span, () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, of what failed where that is known. */
export function failSpan(span: Span, error?: unknown): void {
  const code = whileTracing().SpanStatusCode.ERROR;
  if (error === undefined) return void span.setStatus({ code });
  const cause = error instanceof Error ? error : String(error);
  span.recordException(cause);
  span.setStatus({ code, message: cause instanceof Error ? cause.message : cause });
}

/** The traceparent of a span. */
export const traceparentOf = (span: Span): string => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
};

/**
 * Appends an event: gives `append` the context the event is to carry. While tracing, that is the context with a span of
 * its own in its trace, below which the readers of the event are found; else the context as it is.
 */
export function appending<T>(
  type: string,
  context: RequestContext,
  append: (context: RequestContext) => Promise<T>,
): Promise<T> {
  if (tracing === undefined) return append(context);
  const attributes = { 'messaging.system': 'redis', 'messaging.operation.type': 'send' };
  return inSpan({ name: `append ${type}`, kind: 'producer', parent: context.trace, attributes }, (span) =>
    append({ ...context, trace: traceparentOf(span) }),
  );
}

/** A span for a call of Redis, if it is made within another; lone calls, such as a reader's polling, have none. */
export function beginRedisSpan(name: string): Span | undefined {
  if (tracing?.trace.getActiveSpan() === undefined) return undefined;
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': name };
  return beginSpan({ name: `redis ${name}`, kind: 'client', attributes });
}

/** The span a traceparent names; nothing if it is none. */
function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function contextOf(traceparent = ''): Context {
  const { trace, ROOT_CONTEXT } = whileTracing();
  const parent = spanContextOf(traceparent);
  return parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

function linkTo(traceparent: string): Link[] {
  const linked = spanContextOf(traceparent);
  return linked ? [{ context: linked }] : [];
}
