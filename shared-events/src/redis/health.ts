import type { Redis } from 'ioredis';
import { script } from './script.ts';
import { RedisUnavailable } from './unavailable.ts';

const probeScript = script(new URL('lua/probe.lua', import.meta.url));

/** What Redis replies if it serves reads alone: its memory is full, its disk fails, or it is, or lacks, a replica. */
const readsOnly = /^(OOM|MISCONF|READONLY|NOREPLICAS)\b/;

/**
 * Resolves to what of Redis is missing for good service: nothing, `redis` if it does not answer within 1.5 seconds, or
 * `writes to redis` if it refuses those.
 */
export async function missingOf(redis: Redis): Promise<string[]> {
  try {
    await probeScript(redis, [], []);
    return [];
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    return [readsOnly.test(error.message) ? 'writes to redis' : 'redis'];
  }
}
