import test from 'ava';
import { readEntry } from 'shared-events';
import { api, seed } from '../stack/api.ts';
import { entryFields, openTestRedis } from '../stack/redis.ts';
import { type Stack, type StackOptions, startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { followFeed, openFeed, placesOf } from './world.ts';

// The feed of events: what a client gets, and what it gets after any break.

interface World {
  stack: Stack;
  redis: ReturnType<typeof openTestRedis>;
  gateway: ReturnType<typeof api>;
}

async function withStack(run: (world: World) => Promise<void>, options: StackOptions = {}): Promise<void> {
  const stack = await startStack({ ...options, env: { LOG_LEVEL: 'fatal', ...options.env } });
  const redis = openTestRedis(stack);
  try {
    await run({ stack, redis, gateway: api(stack.urls.gateway) });
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}

const streamsOf = (partitions: number) =>
  ['user-events', 'task-events'].flatMap((name) =>
    Array.from({ length: partitions }, (_, partition) => ({
      key: `${name}:{${partition}}`,
      source: `/${name}/${partition}`,
    })),
  );

/** Where every entry stands, in all streams. */
async function placesIn(redis: World['redis'], partitions = 1): Promise<string[]> {
  const all = await Promise.all(
    streamsOf(partitions).map(async ({ key, source }) =>
      (await redis.xrange(key, '-', '+')).map(([id]) => `${source} ${id}`),
    ),
  );
  return all.flat();
}

/** Writes users and tasks until the function it gives is called, which resolves to how many writes succeeded. */
function write(gateway: World['gateway'], writers: number): () => Promise<number> {
  let isOver = false;
  let done = 0;
  const writing = Array.from({ length: writers }, async () => {
    while (!isOver) {
      const made = await gateway
        .post('/users/users', { name: 'Ada', email: 'ada@example.com' })
        .catch(() => undefined);
      if (made?.status !== 201) continue;
      const { id: userId } = made.json<{ id: string }>();
      const task = await gateway.post('/tasks/tasks', { userId, title: 'Buy milk' }).catch(() => undefined);
      done += task?.status === 201 ? 2 : 1;
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(writing);
    return done;
  };
}

test('a client is sent each event as a CloudEvent as it comes, those of both streams, and none from before', async (t) => {
  await withStack(async ({ stack, gateway, redis }) => {
    const { user, task } = seed(gateway);
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
      ...{ specversion: '1.0', id, source: '/task-events/0', subject: milk.id, type: 'task.created' },
      ...{ data: milk, traceparent: trace, requestid: request },
    });
    feed.close();
  });
});

test('from=0 sends everything from the beginning, in order, also what cannot be understood', async (t) => {
  await withStack(
    async ({ stack, gateway, redis }) => {
      const { user, task } = seed(gateway);
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

test('filters let through what they name, by type and by subject', async (t) => {
  await withStack(async ({ stack, gateway }) => {
    const { user, task } = seed(gateway);
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
    await until('all is through', () => kinds()[3] !== '');
    t.deepEqual(kinds(), [
      'task.created,user.deleted',
      'task.created,user.deleted',
      'user.created,user.deleted',
      'task.deleted',
    ]);
    for (const feed of feeds) feed.close();
  });
});

test('a heartbeat moves the position of a client whose filter hides everything', async (t) => {
  await withStack(async ({ stack, gateway }) => {
    const feed = await openFeed(`${stack.urls.operator}/events?type=none`);
    await until('the feed says where it stands', () => feed.lastId !== '');
    const before = feed.lastId;
    await seed(gateway).user();
    await until('a heartbeat', () => feed.comments > 0 && feed.lastId !== before, 15_000);
    const after = await openFeed(`${stack.urls.operator}/events?after=${feed.lastId}`);
    await seed(gateway).user();
    await until('the next event', () => after.messages.length > 0);
    t.is(after.messages.length, 1);
    t.is(feed.messages.length, 0);
    for (const each of [feed, after]) each.close();
  });
});

test('a client misses nothing and gets nothing twice, whatever is killed, reloaded or cut while events come', async (t) => {
  t.timeout(180_000);
  await withStack(
    async ({ stack, gateway, redis }) => {
      const direct = stack.taskServices.map((_, at) => stack.urlsOfTasks[at] as string);
      const feeds = [
        followFeed([stack.urls.operator], '/events?from=0'),
        followFeed(
          direct.map((url) => `${url}/operator`),
          '/events?from=0',
        ),
      ];
      const stopWriting = write(gateway, 6);
      const more = async (count: number) => {
        const before = feeds.map((feed) => feed.messages().length);
        await until(
          'events go on',
          () => feeds.every((feed, at) => feed.messages().length >= (before[at] ?? 0) + count),
          30_000,
        );
      };
      await more(100);
      for (const service of stack.taskServices) {
        service.kill('SIGKILL');
        await more(50);
      }
      stack.gateway.kill('SIGHUP');
      for (let n = 0; n < 10; n++) {
        for (const feed of feeds) feed.cut();
        await more(20);
      }
      await stack.taskServices[0]?.stop();
      await more(50);
      await stack.taskServices[0]?.start();
      await more(50);
      const written = await stopWriting();
      const expected = (await placesIn(redis, 2)).sort();
      t.true(written <= expected.length);
      for (const feed of feeds) {
        await until('all is there', () => feed.messages().length >= expected.length, 30_000);
        t.deepEqual(placesOf(feed.messages()).sort(), expected);
        t.true(feed.breaks() > 10);
        await feed.stop();
      }
      t.log(`${expected.length} events, breaks: ${feeds.map((feed) => feed.breaks())}`);
    },
    { supervised: true, instances: { tasks: 2 }, env: { PARTITIONS: '2' } },
  );
});

test('a restart of Redis interrupts the feed and loses nothing', async (t) => {
  await withStack(async ({ stack, gateway, redis }) => {
    const feed = followFeed([stack.urls.operator], '/events?from=0');
    await seed(gateway).user();
    await until('the first is there', () => feed.messages().length === 1);
    await stack.redis.stop();
    await stack.redis.start();
    await until('users can be made again', async () => seed(gateway).user(), 20_000);
    await until('the second is there', () => feed.messages().length >= 2, 20_000);
    t.deepEqual(placesOf(feed.messages()), await placesIn(redis));
    await feed.stop();
  });
});

test('what was removed behind a position is told as a gap', async (t) => {
  await withStack(async ({ stack, gateway, redis }) => {
    const made = [];
    for (let n = 0; n < 6; n++) made.push(await seed(gateway).user());
    const whole = await openFeed(`${stack.urls.operator}/events?from=0`);
    await until('all is there', () => whole.messages.length === 6);
    const [, second, third, , fifth] = whole.messages;
    const entry = (message?: { data: string }) => JSON.parse(message?.data ?? '').id as string;
    const after = async (message?: { id: string }) => {
      const feed = await openFeed(`${stack.urls.operator}/events?after=${message?.id}`);
      await until('the last is there', () => feed.messages.at(-1)?.id === whole.lastId);
      feed.close();
      return feed.messages.map(({ event, data }) => [event, JSON.parse(data).until ?? '']);
    };
    const created = ['user.created', ''];
    await redis.xdel('user-events:{0}', entry(third));
    t.deepEqual(await after(second), [['gap', entry(third)], created, created, created]);
    t.deepEqual(await after(third), [created, created, created]);
    await redis.xtrim('user-events:{0}', 'MINID', entry(fifth));
    t.deepEqual(await after(second), [['gap', entry(third)], created, created]);
    t.deepEqual(await after(whole.messages[3]), [['gap', entry(fifth)], created, created]);
    t.deepEqual(await after(fifth), [created]);
    whole.close();
  });
});

test('a position beyond the end of a stream is told as a gap, and events go on from the end', async (t) => {
  await withStack(async ({ stack, gateway, redis }) => {
    await seed(gateway).user();
    const whole = await openFeed(`${stack.urls.operator}/events?from=0`);
    await until('it is there', () => whole.messages.length === 1);
    await redis.del('user-events:{0}');
    const feed = await openFeed(`${stack.urls.operator}/events?after=${whole.lastId}`);
    await until('the gap is told', () => feed.messages.length === 1);
    await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.deleted', subject: 'x' }));
    await until('the next is there', () => feed.messages.length === 2);
    t.like(JSON.parse(feed.messages[0]?.data ?? ''), { reason: 'beyond_end', until: '0-0' });
    for (const each of [whole, feed]) each.close();
  });
});

test('what is no cursor of these streams is refused', async (t) => {
  await withStack(async ({ stack }) => {
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
});

test('a stop ends the feeds at once', async (t) => {
  await withStack(async ({ stack }) => {
    const feed = await openFeed(`${stack.urls.tasks}/operator/events`);
    const start = performance.now();
    await stack.tasks.stop();
    await feed.ended;
    t.true(performance.now() - start < 4000);
    t.is(await stack.tasks.ended(), 0);
  });
});
