import test from 'ava';
import type { Redis } from 'ioredis';
import { api } from '../stack/api.ts';
import { entryFields } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import { openFeed, placesOf } from './world.ts';

// The feed under many clients, and under slow ones. One test after the other: each needs the machine.

const MiB = 1024 * 1024;

/** Writes so many entries of so many bytes, as fast as Redis takes them. */
async function burst(redis: Redis, count: number, size: number): Promise<void> {
  const data = JSON.stringify({ text: 'x'.repeat(size) });
  for (let left = count; left > 0; left -= 500) {
    const pipeline = redis.pipeline();
    for (let n = 0; n < Math.min(left, 500); n++) {
      pipeline.xadd('task-events:{0}', '*', ...entryFields({ type: 'task.updated', subject: `s${n}`, data }));
    }
    await pipeline.exec();
  }
}

async function residentMemory(stack: Stack): Promise<number> {
  const { text } = await api(stack.urls.tasks).get('/metrics', { Accept: 'text/plain' });
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

/** How many connections of the task service wait for new entries of streams. */
const readsWaiting = async (redis: Redis): Promise<number> =>
  ((await redis.client('LIST')) as string)
    .split('\n')
    .filter((line) => line.includes(' user=task-service ') && line.includes(' cmd=xread ')).length;

test.serial('a thousand clients are each sent every event of a burst, by one read of Redis', async (t) => {
  t.timeout(180_000);
  await withStack(async ({ stack, redis }) => {
    const clients = 1000;
    const events = 100;
    const before = await residentMemory(stack);
    const feeds = await Promise.all(
      Array.from({ length: clients }, (_, n) =>
        openFeed(
          n % 10 === 0 ? `${stack.urls.operator}/events` : `${stack.urls.tasks}/operator/events?from=0`,
        ),
      ),
    );
    await until('all say where they stand', () => feeds.every(({ lastId }) => lastId !== ''), 30_000);
    t.is(await readsWaiting(redis), 2, 'one for the projection, one for all feeds');
    const start = performance.now();
    await burst(redis, events, 400);
    await until('all have all', () => feeds.every(({ messages }) => messages.length >= events), 60_000);
    const seconds = (performance.now() - start) / 1000;
    const expected = placesOf(feeds[0]?.messages ?? []);
    t.is(new Set(expected).size, events);
    for (const { messages } of feeds) t.deepEqual(placesOf(messages), expected);
    const more = (await residentMemory(stack)) - before;
    t.true(more < 200 * MiB, `${Math.round(more / MiB)} MiB more`);
    t.log(
      `${clients} clients, ${events} events: all delivered in ${seconds.toFixed(2)} s, ${Math.round(more / MiB)} MiB more`,
    );
    for (const feed of feeds) feed.close();
    await until('the read of Redis ends with the last client', async () => (await readsWaiting(redis)) === 1);
  });
});

test.serial('a client that does not read costs little, and misses nothing once it reads on', async (t) => {
  t.timeout(180_000);
  await withStack(async ({ stack, redis }) => {
    const events = 6000;
    const url = `${stack.urls.tasks}/operator/events`;
    const fast = await openFeed(url);
    await until('it says where it stands', () => fast.lastId !== '');
    await burst(redis, events, 8000);
    await until('it has all', () => fast.messages.length === events, 60_000);
    const slow = await Promise.all(Array.from({ length: 8 }, () => openFeed(`${url}?type=task.updated`)));
    await until('all say where they stand', () => slow.every(({ lastId }) => lastId !== ''));
    const before = await residentMemory(stack);
    for (const feed of slow) feed.pause();
    await burst(redis, events, 8000);
    await until('the one that reads has all', () => fast.messages.length === 2 * events, 60_000);
    const more = (await residentMemory(stack)) - before;
    t.true(more < 150 * MiB, `${Math.round(more / MiB)} MiB more; unbounded it would be 370`);
    t.true(slow.every(({ messages }) => messages.length < events));
    for (const feed of slow) feed.resume();
    await until('all have all', () => slow.every(({ messages }) => messages.length >= events), 60_000);
    for (const { messages } of slow) t.deepEqual(placesOf(messages), placesOf(fast.messages).slice(events));
    t.log(`${events} events of 8 kB, ${slow.length} clients not reading: ${Math.round(more / MiB)} MiB more`);
    for (const feed of [fast, ...slow]) feed.close();
  });
});
