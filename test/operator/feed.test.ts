import test from 'ava';
import { readEntry } from 'shared-events';
import { api } from '../stack/api.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { sharedStack, withStack } from '../stack/world.ts';
import { openFeed, placesIn, placesOf, streamsOf } from './world.ts';

// The feed of events: what a client gets, and what it may ask for.

const shared = sharedStack(test);

test.serial(
  'a client is sent each event as a CloudEvent as it comes, those of both streams, and none from before',
  async (t) => {
    const { stack, gateway, redis, user, task } = shared;
    const before = await user();
    const feed = await openFeed(`${stack.urls.operator}/events`);
    await until('the feed says where it stands', () => feed.lastId !== '');
    const milk = await task(before.id);
    await gateway.put(`/users/users/${before.id}`, { name: 'Grace', email: 'grace@example.com' });
    await until('both are there', () => feed.messages.length === 2);
    t.deepEqual(
      feed.messages.map(({ event }) => event),
      ['task.created', 'user.updated'],
    );
    const [entry] = await redis.xrange('task-events:{0}', '-', '+');
    const { id, trace, request } = readEntry(entry as [string, string[]]);
    t.like(JSON.parse(feed.messages[0]?.data ?? ''), {
      specversion: '1.0',
      id,
      source: '/task-events/0',
      subject: milk.id,
      type: 'task.created',
      data: milk,
      traceparent: trace,
      requestid: request,
    });
    feed.close();
  },
);

test('from=0 sends everything from the beginning, in order, also what cannot be understood', async (t) => {
  await withStack(
    async ({ stack, redis, user, task }) => {
      for (let n = 0; n < 300; n += 3) {
        const made = await Promise.all([user(), user(), user()]);
        await Promise.all(made.map(({ id }) => task(id)));
      }
      await redis.xadd('user-events:{1}', '*', 'type', 'odd\r\nid: 1');
      const expected = await placesIn(redis, 3);
      const feed = await openFeed(`${stack.urls.operator}/events?from=0`);
      await until('all is there', () => feed.messages.length === expected.length);
      const odd = feed.messages.find(({ event }) => event === 'undecodable');
      t.is(JSON.parse(odd?.data ?? '{}').stream, 'user-events:{1}');
      const places = placesOf(feed.messages.filter(({ event }) => event !== 'undecodable'));
      t.is(new Set(places).size, expected.length - 1);
      for (const { source } of streamsOf(3)) {
        const inStream = (all: string[]) => all.filter((place) => place.startsWith(`${source} `));
        t.deepEqual(inStream(places), inStream(expected).slice(0, inStream(places).length));
      }
      feed.close();
    },
    { env: { PARTITIONS: '3' } },
  );
});

test('an entry whose id is no time is sent as it stands, and holds nothing up', async (t) => {
  await withStack(async ({ stack, gateway, redis, user }) => {
    const feed = await openFeed(`${stack.urls.operator}/events`);
    await until('the feed says where it stands', () => feed.lastId !== '');
    await redis.xadd('task-events:{0}', '9000000000000000-0', ...entryFields({ type: 'task.deleted' }));
    // What one read finds together is sent in the order of its ids.
    await until('it is there', () => feed.messages.length === 1);
    await user();
    await until('both are there', () => feed.messages.length === 2);
    t.deepEqual(
      feed.messages.map(({ event }) => event),
      ['undecodable', 'user.created'],
    );
    t.is((await api(stack.urls.operator).get('/events/recent')).status, 200);
    t.is((await gateway.get('/tasks/ready')).status, 200);
    feed.close();
  });
});

test('filters let through what they name, by type and by subject', async (t) => {
  await withStack(async ({ stack, gateway, user, task }) => {
    const open = (query: string) => openFeed(`${stack.urls.operator}/events?from=0&${query}`);
    const ada = await user();
    const milk = await task(ada.id);
    const feeds = await Promise.all([
      open('type=user.deleted,task.created'),
      open('type=user.deleted&type=task.created'),
      open(`subject=${ada.id}`),
      open(`subject=${milk.id}&type=task.deleted`),
    ]);
    await gateway.delete(`/users/users/${ada.id}`);
    const kinds = () => feeds.map(({ messages }) => messages.map(({ event }) => event).join());
    const isDeleted = (each: string) => each.endsWith('.deleted');
    await until('all is through', () => kinds().every(isDeleted));
    t.deepEqual(kinds(), [
      'task.created,user.deleted',
      'task.created,user.deleted',
      'user.created,user.deleted',
      'task.deleted',
    ]);
    for (const feed of feeds) feed.close();
  });
});

test.serial('a heartbeat moves the position of a client whose filter hides everything', async (t) => {
  const { stack, user } = shared;
  const feed = await openFeed(`${stack.urls.operator}/events?type=none`);
  await until('the feed says where it stands', () => feed.lastId !== '');
  const before = feed.lastId;
  await user();
  await until('a heartbeat', () => feed.comments > 0 && feed.lastId !== before);
  const after = await openFeed(`${stack.urls.operator}/events?after=${feed.lastId}`);
  await user();
  await until('the next event', () => after.messages.length > 0);
  t.is(after.messages.length, 1);
  t.is(feed.messages.length, 0);
  for (const each of [feed, after]) each.close();
});

test.serial('what is no cursor of these streams is refused', async (t) => {
  const { stack } = shared;
  const operator = api(stack.urls.operator);
  for (const cursor of [
    'x',
    '0',
    '0.0',
    '0.1.0',
    '0.0.0.0',
    '0.0.-',
    '1795383360000-0',
    '0.0.0-zzzzzzzzzzzzz',
  ]) {
    const { status, text } = await operator.get(`/events?after=${encodeURIComponent(cursor)}`);
    t.is(status, 400, cursor);
    t.is(JSON.parse(text).code, 'invalid_cursor');
  }
});

test.serial('a stop ends the feeds at once', async (t) => {
  const { stack } = shared;
  const feed = await openFeed(`${stack.urls.tasks}/operator/events`);
  const start = performance.now();
  await stack.tasks.stop();
  await feed.ended;
  // One that was not ended would hold up the stop for seven seconds.
  t.true(performance.now() - start < 6500);
  t.is(await stack.tasks.ended(), 0);
});
