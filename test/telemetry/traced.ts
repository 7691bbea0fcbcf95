import type { StackOptions } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';
import { type CollectedSpan, startCollector } from './collector.ts';

/** The trace that requests of these tests belong to, and the span in it that they come from. */
export const traceId = '0af7651916cd43dd8448eb211c80319c';
export const clientSpan = 'b7ad6b7169203331';
export const traceparent = `00-${traceId}-${clientSpan}-01`;

/** A system that sends its spans to a collector. */
export interface Traced extends World {
  collector: Awaited<ReturnType<typeof startCollector>>;
  /** The span that is like this, as soon as it has come. */
  span(what: string, isIt: (span: CollectedSpan) => boolean | undefined): Promise<CollectedSpan>;
}

/** Gives a test a system that sends its spans to a collector, soon unless `env` says otherwise. */
export async function withTracing(
  run: (traced: Traced) => Promise<void>,
  env: StackOptions['env'] = {},
): Promise<void> {
  const collector = await startCollector();
  const span: Traced['span'] = (what, isIt) => until(`the span: ${what}`, () => collector.spans.find(isIt));
  const preset = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: '20' };
  try {
    await withStack((world) => run({ ...world, collector, span }), { env: { ...preset, ...env } });
  } finally {
    await collector.stop();
  }
}
