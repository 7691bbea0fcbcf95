import test from 'ava';
import type { Redis } from 'ioredis';
import { readBatches } from 'shared-events/streams';
import { compareIds } from '../../shared-events/src/streams/entry-id.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { openTestRedis } from '../stack/redis.ts';
import { until } from '../stack/until.ts';

// A stream as an async iterable, which everything that follows streams is fed from.

interface Source {
  redis: Redis;
  /** Reads two streams from their beginnings, unless positions are given, by twos. */
  read(positions?: Map<string, string>): ReturnType<typeof readBatches>;
  stop: AbortController;
  /** How many connections there are beside the test's own. */
  readers(): Promise<number>;
}

const beginnings = () =>
  new Map([
    ['a', '0-0'],
    ['b', '0-0'],
  ]);

const withSource = (run: (source: Source) => Promise<void>, block = 50) =>
  withBareRedis(async ({ port, redis }) => {
    const stop = new AbortController();
    const connect = () => openTestRedis({ ports: { redis: port } });
    const readers = async () => ((await redis.client('LIST')) as string).trim().split('\n').length - 1;
    const read = (positions = beginnings()) =>
      readBatches({ connect, positions, signal: stop.signal, count: 2, block });
    await run({ redis, read, stop, readers }).finally(() => stop.abort());
  });

const add = async (redis: Redis, stream: string, times: number[]): Promise<void> => {
  for (const time of times) await redis.xadd(stream, `${time}-0`, 'n', time);
};

test('entries of several streams come in the order of their ids, then what comes, and what waits in vain says so', async (t) => {
  await withSource(async ({ redis, read }) => {
    await add(redis, 'a', [1, 2, 3, 8, 9]);
    await add(redis, 'b', [4, 5, 6, 7]);
    const ids: string[] = [];
    let waits = 0;
    for await (const { entries, isCaughtUp } of read()) {
      ids.push(...entries.map(({ entry }) => entry[0]));
      if (entries.length > 0) continue;
      t.true(isCaughtUp);
      waits += 1;
      if (waits === 1) await add(redis, 'b', [10]);
      if (waits === 2) break;
    }
    t.deepEqual(ids, ids.toSorted(compareIds));
    t.is(ids.length, 10);
  });
});

test('the positions are moved behind what was read, and reading goes on where they are moved to', async (t) => {
  await withSource(async ({ redis, read }) => {
    await add(redis, 'a', [1, 2, 3, 4, 5, 6]);
    const positions = beginnings();
    const ids: string[] = [];
    for await (const { entries, isCaughtUp } of read(positions)) {
      ids.push(...entries.map(({ entry }) => entry[0]));
      if (isCaughtUp) break;
      t.is(positions.get('a'), ids.at(-1));
      if (ids.length === 2) positions.set('a', '4-0');
    }
    t.deepEqual(ids, ['1-0', '2-0', '5-0', '6-0']);
  });
});

test('reading ends at once when the signal aborts, and its connection with it', async (t) => {
  await withSource(async ({ read, stop, readers }) => {
    const start = performance.now();
    let batches = 0;
    for await (const batch of read()) {
      batches += 1;
      t.true(batch.isCaughtUp);
      setImmediate(() => stop.abort());
    }
    t.is(batches, 1);
    t.true(performance.now() - start < 5000);
    await until('the connection is closed', async () => (await readers()) === 0);
  }, 20_000);
});

test('whoever leaves the loop closes the connection, and what Redis says is thrown', async (t) => {
  await withSource(async ({ redis, read, readers }) => {
    for await (const batch of read()) {
      t.true(batch.isCaughtUp);
      break;
    }
    await until('the connection is closed', async () => (await readers()) === 0);
    await redis.set('a', 'no stream');
    await t.throwsAsync(
      async () => {
        for await (const batch of read()) t.fail(String(batch.entries.length));
      },
      { message: /^WRONGTYPE/ },
    );
    await until('that one is closed too', async () => (await readers()) === 0);
  });
});
