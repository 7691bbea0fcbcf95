import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { userEvents } from 'shared-events';
import { compareIds } from '../../shared-events/src/streams/entry-id.ts';
import { endOf } from '../../shared-events/src/streams/pages.ts';
import { openTestRedis, untilKnown } from '../stack/redis.ts';
import type { Bench } from './bench.ts';
import { countProcessorTime } from './processor-time.ts';
import { newUser } from './requests.ts';
import { type Latency, latencyOf } from './stats.ts';
import { wrk } from './wrk.ts';

export interface LagResult {
  seconds: number;
  /** users created a second meanwhile */
  rate: number;
  failed: number;
  /**
   * what following costs: microseconds of the task service's processor time for each user that is created, in the
   * projection and in the cascade, which has nothing to do here; left out without /proc
   */
  followUp?: number;
  /**
   * milliseconds from asking for the stream's last entry until the projection holds it; looked for every millisecond
   */
  lag: Latency;
  /** the same one by one, each with the seconds since the beginning */
  samples: [seconds: number, ms: number][];
}

const stream = userEvents.key(0);
/** Between two samples, in milliseconds. */
const pause = 5;

/** How far the known users are behind while users are created at full rate. */
export async function measureFollowerLag({ settings, signal, stacks }: Bench): Promise<LagResult> {
  const seconds = settings.streams.fullLoad;
  const stack = await stacks.start();
  const redis = openTestRedis(stack);
  try {
    await wrk(stack.urls.gateway, [newUser], { seconds: 1, signal });
    await untilKnown(redis);
    const count = countProcessorTime({ 'task service': stack.tasks.pid() });
    let isOver = false;
    const load = wrk(stack.urls.gateway, [newUser], { seconds, signal }).finally(() => {
      isOver = true;
    });
    const samples = await sampleLag(redis, () => isOver);
    const { requests, rate, failed } = await load;
    await untilKnown(redis);
    const followUp = count(requests)?.['task service'];
    const cost = followUp !== undefined && { followUp };
    return { seconds, rate, failed, ...cost, lag: latencyOf(samples.map(([, ms]) => ms)), samples };
  } finally {
    redis.disconnect();
    await stacks.stop(stack);
  }
}

/** Looks again and again how far the known users of a partition are behind. */
export async function sampleLag(redis: Redis, isOver: () => boolean): Promise<LagResult['samples']> {
  const start = performance.now();
  const samples: LagResult['samples'] = [];
  while (!isOver()) {
    const asked = performance.now();
    const last = await endOf({ redis, stream });
    while (compareIds((await redis.hget('known-users:{0}', 'position')) ?? '0-0', last) < 0) await delay(1);
    samples.push([(asked - start) / 1000, performance.now() - asked]);
    await delay(pause);
  }
  return samples;
}
