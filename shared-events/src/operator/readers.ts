import type { Redis } from 'ioredis';
import { groupStates, lagOf } from '../streams.ts';
import { streamInfo } from './gaps.ts';

/** A projection of the service that tells of it. */
export interface OwnProjection {
  name: string;
  /** the key of the stream's partition */
  stream: string;
  position(): Promise<string>;
}

interface ReadersOptions {
  redis: Redis;
  streams: readonly string[];
  projections: readonly OwnProjection[];
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
    const [lengths, groups, folds] = await Promise.all([
      Promise.all(streams.map((stream) => measureStream(stream, since))),
      Promise.all(streams.map((stream) => measureGroups(stream))),
      Promise.all(projections.map(measureProjection)),
    ]);
    return { time: new Date().toISOString(), streams: lengths, readers: [...groups.flat(), ...folds] };
  }

  async function measureStream(stream: string, since: string) {
    const { length, first, last, added } = await streamInfo(redis, stream);
    const { entries } = await lagOf({ redis, stream }, since);
    return { stream, length, added, first: first ?? null, last, perSecond: entries / rateWindow };
  }

  async function measureGroups(stream: string) {
    const states = await groupStates({ redis, stream });
    return states.map(({ group, ...state }) => ({ stream, kind: 'group', name: group, ...state }));
  }

  async function measureProjection({ name, stream, position }: OwnProjection) {
    const at = await position();
    const behind = await lagOf({ redis, stream }, at);
    return {
      stream,
      kind: 'projection',
      name,
      position: at,
      behind,
      pending: 0,
      oldestPending: 0,
      parked: 0,
    };
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
