import type { Redis } from 'ioredis';
import { type FollowedStream, lagOf, readerStates } from '../streams.ts';
import { streamInfo } from './gaps.ts';

interface ReadersOptions {
  redis: Redis;
  streams: readonly string[];
  projections: readonly FollowedStream[];
}

/** Over how long a rate is taken, in seconds. */
const rateWindow = 10;
/** For how long figures are good, in milliseconds: many may ask, and Redis is asked once. */
const freshness = 100;

/** How long each stream is and how fast it grows, and how far each of its readers is behind; read from Redis at most ten times a second. */
export function createReaders({ redis, streams, projections }: ReadersOptions) {
  let known: { at: number; state: ReturnType<typeof measure> } | undefined;

  async function measure() {
    const [seconds] = await redis.time();
    const since = `${(Number(seconds) - rateWindow) * 1000}-0`;
    const [lengths, readers] = await Promise.all([
      Promise.all(streams.map((stream) => measureStream(stream, since))),
      readerStates({ redis, streams, projections }),
    ]);
    return { time: new Date().toISOString(), streams: lengths, readers };
  }

  async function measureStream(stream: string, since: string) {
    const { length, first, last, added } = await streamInfo(redis, stream);
    const { entries } = await lagOf({ redis, stream }, since);
    return { stream, length, added, first: first ?? null, last, perSecond: entries / rateWindow };
  }

  return (): ReturnType<typeof measure> => {
    if (known && performance.now() - known.at < freshness) return known.state;
    const state = measure();
    known = { at: performance.now(), state };
    state.catch(() => {
      known = undefined;
    });
    return state;
  };
}
