import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Part } from './part.ts';
import { redisPart } from './parts.ts';
import { openTestRedis } from './redis.ts';
import { freePorts } from './stack.ts';

export interface BareRedis {
  port: number;
  /** Where its data is. */
  dir: string;
  process: Part;
  /** The test's own connection. */
  redis: Redis;
}

/**
 * Gives a test a Redis of its own, without services, and takes it away afterwards.
 * @param args of redis-server, beside what each is given
 */
export async function withBareRedis(
  run: (bare: BareRedis) => Promise<void>,
  args: string[] = [],
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'redis-'));
  const ports = await freePorts();
  const process = redisPart(dir, { ports, supervised: false, onLine: () => undefined }, {}, args);
  await process.start();
  const redis = openTestRedis({ ports });
  try {
    await run({ port: ports.redis, dir, process, redis });
  } finally {
    redis.disconnect();
    await process.stop();
    rmSync(dir, { recursive: true });
  }
}
