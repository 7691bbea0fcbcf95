import test from 'ava';
import type { Redis } from 'ioredis';
import { api } from '../stack/api.ts';
import { entryFields } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import { followFeed, openFeed, placesOf } from './world.ts';

// How many clients the feed serves, and what slow ones cost.

const MiB = 1024 * 1024;
/** How many clients a process serves. */
const maxFeeds = 32;

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

test('32 clients get all events by one read of Redis; another is served when one leaves', async (t) => {
  await withStack(async ({ stack, redis }) => {
    const url = `${stack.urls.tasks}/operator/events`;
    for (let n = 0; n <= maxFeeds; n++) t.is((await fetch(url, { method: 'HEAD' })).status, 200);
    await until('who asked for the head alone has left', async () => (await readsWaiting(redis)) === 1);
    const feeds = await Promise.all(
      Array.from({ length: maxFeeds }, (_, n) =>
        openFeed(n % 2 === 0 ? `${stack.urls.operator}/events` : `${url}?from=0`),
      ),
    );
    await until('all say where they stand', () => feeds.every(({ lastId }) => lastId !== ''));
    await until('one reads for the projection, one for all', async () => (await readsWaiting(redis)) === 2);
    for (const address of [url, `${stack.urls.operator}/events`]) {
      const refused = await fetch(address);
      t.is(refused.status, 503);
      t.is(refused.headers.get('Retry-After'), '1');
      t.is(((await refused.json()) as { code: string }).code, 'too_many_feeds');
    }
    await burst(redis, 200, 400);
    await until('all have all', () => feeds.every(({ messages }) => messages.length >= 200));
    const expected = placesOf(feeds[0]?.messages ?? []);
    t.is(new Set(expected).size, 200);
    for (const { messages } of feeds) t.deepEqual(placesOf(messages), expected);

    feeds.pop()?.close();
    const next = await until('the next is served', async () => {
      const feed = await openFeed(`${url}?from=0`);
      return feed.status === 200 && feed;
    });
    await until('it has all', () => next.messages.length === 200);
    t.deepEqual(placesOf(next.messages), expected);
    for (const feed of [...feeds, next]) feed.close();
    await until('the read ends with the last client', async () => (await readsWaiting(redis)) === 1);
  });
});

test('a client that takes nothing for 30 seconds is ended, and gets the rest when it comes back', async (t) => {
  await withStack(async ({ stack, redis }) => {
    const events = 2000;
    const url = `${stack.urls.tasks}/operator/events`;
    const slow = await openFeed(url);
    await until('it says where it stands', () => slow.lastId !== '');
    slow.pause();
    await burst(redis, events, 8000);
    await until('the feed is ended', async () => (await readsWaiting(redis)) === 1, 90_000);
    slow.resume();
    await slow.ended;
    t.true(slow.messages.length < events);
    const again = await openFeed(url, { 'Last-Event-ID': slow.lastId });
    await until('all is there', () => slow.messages.length + again.messages.length >= events, 60_000);
    t.deepEqual(
      placesOf([...slow.messages, ...again.messages]),
      (await redis.xrange('task-events:{0}', '-', '+')).map(([id]) => `/task-events/0 ${id}`),
    );
    again.close();
  });
});

test('a stop does not wait for a client that takes nothing', async (t) => {
  await withStack(async ({ stack, redis }) => {
    const slow = await openFeed(`${stack.urls.tasks}/operator/events?from=0`);
    await until('it says where it stands', () => slow.lastId !== '');
    slow.pause();
    await burst(redis, 2000, 8000);
    const start = performance.now();
    await stack.tasks.stop();
    t.is(await stack.tasks.ended(), 0);
    // A stop that waited for it would take seven seconds.
    t.true(performance.now() - start < 6500);
    slow.close();
  });
});

test('a client that does not read costs little, and misses nothing once it reads on', async (t) => {
  t.timeout(180_000);
  await withStack(async ({ stack, redis }) => {
    const events = 4500;
    const url = `${stack.urls.tasks}/operator/events`;
    const fast = await openFeed(url);
    await until('it says where it stands', () => fast.lastId !== '');
    await burst(redis, events, 8000);
    await until('it has all', () => fast.messages.length === events, 60_000);
    // On a slow machine they do not read for more than 30 seconds, are ended, and come back.
    const slow = Array.from({ length: 8 }, () => followFeed([url], '?type=task.updated'));
    await until('all say where they stand', () => slow.every((feed) => feed.lastId() !== ''));
    const before = await residentMemory(stack);
    for (const feed of slow) feed.pause();
    await burst(redis, events, 8000);
    await until('the one that reads has all', () => fast.messages.length === 2 * events, 60_000);
    const more = (await residentMemory(stack)) - before;
    t.true(more < 150 * MiB, `${Math.round(more / MiB)} MiB more; unbounded it would be 280`);
    t.true(slow.every((feed) => feed.messages().length < events));
    for (const feed of slow) feed.resume();
    await until('all have all', () => slow.every((feed) => feed.messages().length >= events), 60_000);
    const expected = placesOf(fast.messages).slice(events);
    for (const feed of slow) t.deepEqual(placesOf(feed.messages()), expected);
    t.log(`${events} events of 8 kB, ${slow.length} clients not reading: ${Math.round(more / MiB)} MiB more`);
    fast.close();
    for (const feed of slow) await feed.stop();
  });
});
