import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Failure } from '../failure.ts';
import type { Store } from './store.ts';
import { RedisUnavailable } from './unavailable.ts';

/** Where the number of partitions is kept that the data was written with. */
const partitionsKey = 'partitions';
/** How long to wait before asking again while Redis is away, in milliseconds. */
const retryDelay = 100;

interface ClaimOptions {
  redis: Store;
  partitions: number;
  signal: AbortSignal;
  log: Logger;
}

/**
 * Claims the data for this number of partitions, or finds it claimed for the same number before. Waits for Redis.
 * Fails with `wrong_partitions` if the data was written with another: keys would be looked for in wrong places.
 */
export async function claimPartitions(options: ClaimOptions): Promise<void> {
  const { partitions } = options;
  const claimed = await claim(options);
  if (claimed !== null && Number(claimed) !== partitions) {
    throw wrongPartitions(claimed, `this service has PARTITIONS=${partitions}`, 'for all services');
  }
}

/**
 * Resolves to the number of partitions that the data was written with, or nothing if it was not claimed by a service.
 * Fails with `wrong_partitions` if somebody has said another.
 * @param said what the variable PARTITIONS has, if anything
 */
export async function partitionsOfData(redis: Store, said: string | undefined): Promise<number | undefined> {
  const claimed = await redis.get(partitionsKey);
  if (claimed === null) return undefined;
  if (said && said !== claimed)
    throw wrongPartitions(claimed, `the variable says PARTITIONS=${said}`, 'or none');
  return Number(claimed);
}

const wrongPartitions = (claimed: string, but: string, where: string) =>
  new Failure(
    'wrong_partitions',
    `The data in Redis was written with PARTITIONS=${claimed}, but ${but}. ` +
      `Set PARTITIONS=${claimed} ${where}, or use another Redis.`,
  );

async function claim({ redis, partitions, signal, log }: ClaimOptions): Promise<string | null> {
  for (let told = false; ; ) {
    try {
      // A Redis that is out of memory takes no SET, but may well serve reads of data that is claimed.
      return (await redis.get(partitionsKey)) ?? (await redis.set(partitionsKey, partitions, 'NX', 'GET'));
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      if (error.refused && !told) log.error({ err: error }, 'redis refuses what a service begins with');
      told ||= error.refused;
      await delay(retryDelay, undefined, { signal });
    }
  }
}
