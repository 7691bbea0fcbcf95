import type { Redis } from 'ioredis';
import { readerStates } from '../streams/reader-states.ts';
import { streamInfo } from './stream-info.ts';

interface ReadersOptions {
  redis: Redis;
  streams: readonly string[];
}

/** For how long figures are good, in milliseconds: many may ask, and Redis is asked once. */
const freshness = 100;

/**
 * How long each stream is and how many entries it ever had, and how far each of its readers is behind. Redis is asked
 * by one at a time, at most ten times a second.
 */
export function createReaders({ redis, streams }: ReadersOptions) {
  let known: { until: number; state: ReturnType<typeof measure> } | undefined;

  async function measure() {
    const [lengths, readers] = await Promise.all([
      Promise.all(streams.map(measureStream)),
      readerStates(redis, streams),
    ]);
    return { time: new Date().toISOString(), streams: lengths, readers };
  }

  async function measureStream(stream: string) {
    const { length, first, last, added } = await streamInfo(redis, stream);
    return { stream, length, added, first: first ?? null, last };
  }

  return (): ReturnType<typeof measure> => {
    if (known && performance.now() < known.until) return known.state;
    const asked = { until: Number.POSITIVE_INFINITY, state: measure() };
    known = asked;
    asked.state.then(
      () => {
        asked.until = performance.now() + freshness;
      },
      () => {
        known = undefined;
      },
    );
    return asked.state;
  };
}
