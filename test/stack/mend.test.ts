import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Redis } from 'ioredis';
import { type BareRedis, withBareRedis } from './bare-redis.ts';

// What is done about an append-only file that is not whole, before Redis loads it.

/** Two writes in one step, as every change here is. */
const write = (redis: Redis, n: number) =>
  redis.eval(
    "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1])",
    2,
    'all',
    `own:${n}`,
    n,
  );

/** The file that Redis writes to. */
function fileOf(dir: string): string {
  const folder = join(dir, 'appendonlydir');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? 'none');
}

async function restart(
  { process, redis }: BareRedis,
  meanwhile: () => void = () => undefined,
): Promise<void> {
  await process.stop();
  meanwhile();
  await process.start();
  await redis.ping();
}

test('a write that was torn is gone whole, and nothing that comes after it is lost at the next start', async (t) => {
  await withBareRedis(async (bare) => {
    const { redis, dir } = bare;
    await write(redis, 1);
    await write(redis, 2);
    await restart(bare, () => truncateSync(fileOf(dir), readFileSync(fileOf(dir)).lastIndexOf('own:2')));
    t.deepEqual(await redis.lrange('all', '0', '-1'), ['1']);
    await write(redis, 3);
    await redis.set('alone', '4');
    await restart(bare);
    t.deepEqual(await redis.lrange('all', '0', '-1'), ['1', '3']);
    t.deepEqual(await redis.mget('own:1', 'own:2', 'own:3', 'alone'), ['1', null, '3', '4']);
  });
});

test('a file that is damaged where whole writes follow is left as it is, and Redis does not start', async (t) => {
  await withBareRedis(async ({ redis, process, dir }) => {
    for (const n of [1, 2, 3]) await write(redis, n);
    await process.stop();
    const whole = readFileSync(fileOf(dir));
    const damaged = Buffer.from(whole);
    damaged.write('XXXX', damaged.indexOf('own:2') - 4);
    writeFileSync(fileOf(dir), damaged);
    await t.throwsAsync(process.start(), { message: /is damaged at byte \d+, and whole writes follow/ });
    t.deepEqual(readFileSync(fileOf(dir)), damaged);
    writeFileSync(fileOf(dir), whole);
    await process.start();
    t.deepEqual(await redis.lrange('all', '0', '-1'), ['1', '2', '3']);
  });
});
