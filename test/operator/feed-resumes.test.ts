import test from 'ava';
import { type Api, paced } from '../stack/api.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import { followFeed, openFeed, placesIn, placesOf } from './world.ts';

// The feed after a break: no event is missed or sent twice, and what is no longer there is told as a gap.

/** Writes users and tasks until the function it gives is called, which resolves to how many writes succeeded. */
function write(client: Api, writers: number): () => Promise<number> {
  const gateway = paced(client);
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
          60_000,
        );
      };
      await more(100);
      for (const service of stack.taskServices) {
        service.kill('SIGKILL');
        await more(50);
      }
      stack.gateway.kill('SIGHUP');
      for (let n = 0; n < 6; n++) {
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
        t.true(feed.breaks() > 6);
        await feed.stop();
      }
      t.log(`${expected.length} events, breaks: ${feeds.map((feed) => feed.breaks())}`);
    },
    { supervised: true, instances: { tasks: 2 }, env: { PARTITIONS: '2' } },
  );
});

test('a restart of Redis interrupts the feed and loses nothing', async (t) => {
  await withStack(async ({ stack, redis, user }) => {
    const feed = followFeed([stack.urls.operator], '/events?from=0');
    await user();
    await until('the first is there', () => feed.messages().length === 1);
    await stack.redis.stop();
    await stack.redis.start();
    await until('users can be made again', async () => user(), 20_000);
    // More than two where one that was answered with an error was made all the same.
    const expected = await placesIn(redis);
    await until('all is there', () => feed.messages().length >= expected.length, 20_000);
    t.deepEqual(placesOf(feed.messages()), expected);
    await feed.stop();
  });
});

test('what was removed behind a position is told as a gap', async (t) => {
  await withStack(async ({ stack, redis, user }) => {
    const made = [];
    for (let n = 0; n < 6; n++) made.push(await user());
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

test('an entry that a client had and the stream has lost is told as a gap, and what is behind it is sent', async (t) => {
  await withStack(async ({ stack, redis }) => {
    const add = (id: string) =>
      redis.xadd('user-events:{0}', id, ...entryFields({ type: 'user.deleted', subject: id }));
    await add('1-1');
    await add('3-1');
    const whole = await openFeed(`${stack.urls.operator}/events?from=0`);
    await until('both are there', () => whole.messages.length === 2);
    whole.close();
    const readers = async () => String(await redis.client('LIST')).match(/ cmd=xread /g)?.length;
    await until('only the follower reads', async () => (await readers()) === 1);
    await redis.del('user-events:{0}');
    // As a replica has it that was promoted.
    for (const id of ['1-1', '4-1']) await add(id);
    const feed = await openFeed(`${stack.urls.operator}/events?after=${whole.lastId}`);
    await until('all is told', () => feed.messages.length === 2);
    const told = feed.messages.map(({ data }) => JSON.parse(data));
    t.like(told[0], { reason: 'lost', after: '3-1', until: '1-1' });
    t.is(told[1].id, '4-1');
    feed.close();
  });
});

test('a position beyond the end of a stream is told as a gap, and events go on from the end', async (t) => {
  await withStack(async ({ stack, redis, user }) => {
    await user();
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
