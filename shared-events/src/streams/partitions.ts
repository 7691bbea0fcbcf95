import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { Failure } from '../service/failure.ts';
import { isRedisAway } from '../service/redis.ts';

/** Where the number of partitions is kept that the data was written with. */
const partitionsKey = 'partitions';
/** How long to wait before asking again while Redis is away, in milliseconds. */
const retryDelay = 100;

/**
 * Claims the data for this number of partitions, or finds it claimed for the same number before. Waits for Redis.
 * Fails with `wrong_partitions` where the data was written with another: keys would be looked for in wrong places.
 */
export async function claimPartitions(redis: Redis, partitions: number, signal: AbortSignal): Promise<void> {
  const claimed = await claim(redis, partitions, signal);
  if (claimed !== null && Number(claimed) !== partitions) {
    throw new Failure(
      'wrong_partitions',
      `The data in Redis was written with PARTITIONS=${claimed}, but this service has PARTITIONS=${partitions}. ` +
        `Set PARTITIONS=${claimed} for both services, or use another Redis.`,
    );
  }
}

async function claim(redis: Redis, partitions: number, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    try {
      // A Redis that is out of memory takes no SET, but may well serve reads of data that is claimed.
      return (await redis.get(partitionsKey)) ?? (await redis.set(partitionsKey, partitions, 'NX', 'GET'));
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      await delay(retryDelay, undefined, { signal });
    }
  }
}
