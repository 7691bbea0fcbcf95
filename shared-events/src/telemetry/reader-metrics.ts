import { Counter, Gauge, type Registry } from 'prom-client';
import type { Store } from '../redis/store.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import type { KeptProjection } from '../streams/projection.ts';
import { readerStates } from '../streams/reader-states.ts';
import type { ConsumeEvent } from '../streams/settle.ts';
import { durationBuckets, histogram } from './histogram.ts';

/** What counts what the readers of a stream do. */
export interface ReaderMetrics {
  /** What `consume` is to tell for a group. */
  consumer(
    group: string,
    stream: string,
  ): { onEvent(event: ConsumeEvent, entries?: number): void; onBatch(entries: number): void };
  /** The projection, each of whose batches is counted. */
  projection(projection: KeptProjection): KeptProjection;
}

/** The sizes of batches: one entry to the most that is read at once. */
const batchBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/**
 * Adds the figures of readers: how far the groups and the projections of these streams lag, read from Redis whenever
 * somebody asks, so that every process tells the same; none while Redis is away. Gives what counts the work
 * this process does itself.
 */
export function measureReaders(
  registry: Registry,
  { redis, streams }: { redis: Store; streams: string[] },
): ReaderMetrics {
  let measuring: Promise<void> | undefined;
  /** All figures are read at once; whichever is asked for first begins, and the others wait for it. */
  const collect = () => {
    measuring ??= measure().finally(() => {
      measuring = undefined;
    });
    return measuring;
  };
  const gauge = (name: string, help: string) =>
    new Gauge({
      name: `stream_reader_${name}`,
      help,
      labelNames: ['stream', 'reader'],
      registers: [registry],
      collect,
    });
  const entries = gauge('lag_entries', 'Entries a reader has not come to');
  const seconds = gauge('lag_seconds', 'Age of the first entry a reader has not come to');
  const pending = gauge('pending', 'Entries given to a consumer and not settled');
  const dead = gauge('dead_letters', 'Entries a group has given up');

  /** While Redis, or a node of it, is away nothing is known of its readers, and all other figures are still told. */
  function forget(): void {
    for (const each of [entries, seconds, pending, dead]) each.reset();
  }

  async function measure(): Promise<void> {
    const states = await readerStates(redis, streams).catch((error: unknown) => {
      if (error instanceof RedisUnavailable) return [];
      throw error;
    });
    forget();
    for (const state of states) {
      const labels = { stream: state.stream, reader: state.name };
      entries.set(labels, state.lag.entries);
      seconds.set(labels, state.lag.seconds);
      if (state.kind === 'projection') continue;
      pending.set(labels, state.pending);
      dead.set(labels, state.deadLetters);
    }
  }

  const events = new Counter({
    name: 'stream_reader_events_total',
    help: 'Entries that consumers handled, retried, gave up, took over; that projections applied, or failed to apply',
    labelNames: ['stream', 'reader', 'event'],
    registers: [registry],
  });
  const batches = histogram(registry, {
    name: 'stream_reader_batch_entries',
    help: 'New entries that were read at once',
    labelNames: ['stream', 'reader'],
    buckets: batchBuckets,
  });
  const applications = histogram(registry, {
    name: 'stream_reader_apply_duration_seconds',
    help: 'Time a projection took to apply a batch',
    labelNames: ['stream', 'reader'],
    buckets: durationBuckets,
  });

  return {
    consumer: (reader, stream) => ({
      onEvent: (event, entries = 1) => events.inc({ stream, reader, event }, entries),
      onBatch: batches(stream, reader),
    }),
    projection(projection) {
      const { name: reader, stream } = projection;
      const onBatch = batches(stream, reader);
      const onApplied = applications(stream, reader);
      return {
        ...projection,
        async apply(from, batch) {
          const start = performance.now();
          let event = 'failed';
          try {
            const position = await projection.apply(from, batch);
            event = 'applied';
            return position;
          } finally {
            onBatch(batch.length);
            onApplied((performance.now() - start) / 1000);
            events.inc({ stream, reader, event }, batch.length);
          }
        },
      };
    },
  };
}
