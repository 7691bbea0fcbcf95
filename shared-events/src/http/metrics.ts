import type { Redis } from 'ioredis';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type ConsumeEvent, groupStates, lagOf } from '../streams.ts';

/** The figures of a process, for `GET /metrics`; to begin with those of the process itself. */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** A projection whose lag is to be measured. */
export interface MeasuredProjection {
  name: string;
  /** the key of the stream's partition */
  stream: string;
  position(): Promise<string>;
}

/**
 * Adds the figures of readers: how far the groups of these streams and these projections are behind, read from Redis
 * whenever somebody asks, so that every process tells the same. Gives a function that counts what consumers do.
 */
export function measureReaders(
  registry: Registry,
  { redis, streams, projections }: { redis: Redis; streams: string[]; projections: MeasuredProjection[] },
): (stream: string, group: string, event: ConsumeEvent) => void {
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
  const entries = gauge('entries_behind', 'Entries a reader has not come to');
  const seconds = gauge('seconds_behind', 'Age of the first entry a reader has not come to');
  const pending = gauge('pending', 'Entries given to a consumer and not settled');
  const parked = gauge('parked', 'Entries a group has given up');

  async function measure(): Promise<void> {
    for (const stream of streams) {
      for (const state of await groupStates({ redis, stream })) {
        const labels = { stream, reader: state.group };
        entries.set(labels, state.behind.entries);
        seconds.set(labels, state.behind.seconds);
        pending.set(labels, state.pending);
        parked.set(labels, state.parked);
      }
    }
    for (const { name, stream, position } of projections) {
      const lag = await lagOf({ redis, stream }, await position());
      entries.set({ stream, reader: name }, lag.entries);
      seconds.set({ stream, reader: name }, lag.seconds);
    }
  }

  const events = new Counter({
    name: 'stream_reader_events_total',
    help: 'What consumers did with entries: handled, retried, parked, taken_over',
    labelNames: ['stream', 'reader', 'event'],
    registers: [registry],
  });
  return (stream, group, event) => events.inc({ stream, reader: group, event });
}
