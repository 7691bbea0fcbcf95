import test from 'ava';
import { hashTag, type Layout, partitionOf, routingDigits, userEvents } from 'shared-events';
import { openFeed, placesOf } from '../operator/world.ts';
import { untilReady } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';

// The number of partitions is changed: what clients and readers hold stays good. That it happens under load, and may be
// killed at any moment, is a fault in test/faults.

const repartition = ({ stack }: World, ...args: string[]) => startCommand('repartition', stack, args).result;

/** Runs the command, and waits until the services have seen what it did: until then they answer 503. */
async function repartitioned(world: World, ...args: string[]): Promise<string> {
  const { code, output, errors } = await repartition(world, ...args);
  if (code !== 0) throw new Error(`repartition ${args.join(' ')}: ${errors}${output}`);
  // One that was held up may say once more that it is ready as it was.
  for (let time = 0; time < 2; time++) await untilReady(world.gateway);
  return output;
}

/** Makes users of different partitions, all of which are others in two and in six. */
async function usersOf({ gateway }: World, count: number) {
  const users = [];
  for (let n = 0; n < count; n++) {
    const key = crypto.randomUUID();
    const input = { name: `User ${n}`, email: 'user@example.com' };
    const made = await gateway.post('/users/users', input, { 'Idempotency-Key': key });
    users.push({
      key,
      input,
      text: made.text,
      etag: made.headers.get('etag') ?? '',
      ...made.json<{ id: string }>(),
    });
  }
  return users;
}

test('ids, versions and Idempotency-Keys stay what they were, from one partition to two and then to six', async (t) => {
  await withStack(async (world) => {
    const { gateway, task, redis } = world;
    const users = await usersOf(world, 12);
    const [first, gone, ...others] = users as [(typeof users)[0], (typeof users)[0], ...typeof users];
    const taskKey = { 'Idempotency-Key': crypto.randomUUID() };
    const taskInput = { userId: first.id, title: 'Buy milk' };
    const own = await gateway.post('/tasks/tasks', taskInput, taskKey);
    await task(first.id, { status: 'completed' });
    const list = await gateway.get(`/tasks/tasks?userId=${first.id}`);
    await task(gone.id);
    t.is((await gateway.delete(`/users/users/${gone.id}`)).status, 204);

    await repartitioned(world, '--to', '2');
    t.regex(await repartitioned(world, '--verify'), /: 0 differences/);
    await repartitioned(world, '--drop-old');
    await repartitioned(world, '--to', '6');
    t.regex(await repartitioned(world, '--verify'), /: 0 differences/);
    t.is(await redis.get('partitions'), '6 2');

    const layout: Layout = { partitions: 6, generation: 2 };
    t.true(new Set(users.map(({ id }) => partitionOf(id, layout))).size > 1, 'users spread');
    for (const { id, text, etag } of [first, ...others]) {
      const now = await gateway.get(`/users/users/${id}`);
      t.is(now.text, text);
      t.is(now.headers.get('etag'), etag);
      t.is(await redis.exists(`user:${hashTag(partitionOf(id, layout))}:${id}`), 1);
    }
    t.is((await gateway.get(`/users/users/${gone.id}`)).status, 404);
    t.is((await gateway.post('/tasks/tasks', { userId: gone.id, title: 'x' })).status, 400);
    t.is((await gateway.get(`/tasks/tasks?userId=${first.id}`)).text, list.text);
    t.is((await gateway.get(`/tasks/tasks?userId=${first.id}&status=completed`)).json<unknown[]>().length, 1);
    const changed = { name: 'Renamed', email: 'user@example.com' };
    t.is((await gateway.put(`/users/users/${first.id}`, changed, { 'If-Match': first.etag })).status, 200);

    const events = async () =>
      (await Promise.all((await redis.keys('*-events:{*.2}')).map((key) => redis.xlen(key)))).reduce(
        (a, b) => a + b,
        0,
      );
    await until(
      'the cascade has ended',
      async () => (await gateway.get(`/tasks/tasks?userId=${gone.id}`)).text === '[]',
    );
    const before = await events();
    for (const { key, input, text } of others) {
      t.is((await gateway.post('/users/users', input, { 'Idempotency-Key': key })).text, text);
    }
    t.is((await gateway.post('/tasks/tasks', taskInput, taskKey)).text, own.text);
    t.is(await events(), before, 'nothing was made a second time');
  });
});

test('groups, dead letters, positions of projections and cursors of the feed go on where they were', async (t) => {
  await withStack(async (world) => {
    const { stack, redis, gateway, user } = world;
    const users = [await user(), await user(), await user(), await user()];
    const [oldest, second] = await redis.xrange('user-events:{0}', '-', '+', 'COUNT', 2);
    await redis.xgroup('CREATE', 'user-events:{0}', 'auditors', '0');
    await redis.xreadgroup('GROUP', 'auditors', 'one', 'COUNT', 2, 'STREAMS', 'user-events:{0}', '>');
    await redis.xack('user-events:{0}', 'auditors', oldest?.[0] ?? '');
    await redis.hset('user-events:{0}:positions', 'elsewhere', second?.[0] ?? '');
    const poison = await redis.xadd(
      'user-events:{0}',
      '*',
      ...entryFields({ type: 'user.renamed', subject: users[0]?.id ?? '' }),
    );
    await until('it is a dead letter', async () => (await redis.xlen('user-events:{0}:dead:cascade')) === 1);
    const feed = await openFeed(`${stack.urls.operator}/events?from=0`);
    await until('the feed has all', () => feed.messages.length === 5);
    const cursor = feed.lastId;
    feed.close();

    await repartitioned(world, '--to', '4');

    const layout: Layout = { partitions: 4, generation: 1 };
    const homes = [0, 1, 2, 3].map((number) => `user-events:{${number}.1}`);
    const given: string[] = [];
    for (const home of homes) {
      const reply = await redis.xreadgroup('GROUP', 'auditors', 'one', 'STREAMS', home, '>');
      for (const [, entries] of (reply ?? []) as [string, [string, string[]][]][])
        given.push(...entries.map(([id]) => id));
      const found = (await redis.xrange(home, '-', second?.[0] ?? '')).at(-1)?.[0] ?? '0-0';
      t.is(await redis.hget(`${home}:positions`, 'elsewhere'), found);
    }
    t.false(given.includes(oldest?.[0] ?? ''), 'what was settled is not given out again');
    t.true(given.includes(second?.[0] ?? ''), 'what was not settled is');
    t.is(given.length, 4);

    const home = `user-events:${hashTag(partitionOf(users[0]?.id ?? '', layout))}`;
    const [letter] = await redis.xrange(`${home}:dead:cascade`, '-', '+');
    t.is(letter?.[1][1], poison ?? '');

    const later = await user();
    const again = await openFeed(`${stack.urls.operator}/events?after=${cursor}`);
    await until('the feed goes on', () => again.messages.length > 0);
    const at = partitionOf(later.id, layout);
    const [made] = await redis.xrange(userEvents.key(at), '-', '+').then((all) => all.slice(-1));
    t.deepEqual(placesOf(again.messages), [`/user-events/${at} ${made?.[0]}`]);
    t.true(again.messages.every(({ event }) => event !== 'gap'));
    again.close();

    t.is((await gateway.delete(`/users/users/${later.id}`)).status, 204);
    await until(
      'the cascade goes on',
      async () => (await redis.xpending(userEvents.key(at), 'cascade').then(([pending]) => pending)) === 0,
    );
  });
});

test('a change is taken back, and what would be lost is not lost without a word', async (t) => {
  await withStack(async (world) => {
    const { redis, gateway, user } = world;
    const ada = await user();
    await repartitioned(world, '--to', '3');
    t.is((await repartition(world, '--to', '3')).code, 0, 'it is done already');
    const late = await user();
    const refused = await repartition(world, '--back');
    t.is(refused.code, 2);
    t.regex(refused.errors, /^Entries that were written to the new layout alone, and would be lost: 1\./);
    t.is((await gateway.get(`/users/users/${late.id}`)).status, 200);

    t.regex(await repartitioned(world, '--back', '--discard'), /has 1 partition again; lost: 1 entry/);
    await until('nothing is left of the new layout', async () => (await redis.keys('*.1}*')).length === 0);
    await until(
      'the services have seen it',
      async () => (await gateway.get(`/users/users/${late.id}`)).status === 404,
    );
    t.is((await gateway.get(`/users/users/${ada.id}`)).status, 200);
    const again = await user();
    t.is(routingDigits(again.id).length, 4);
  });
});

test('what cannot be is refused, with the reason, and changes nothing', async (t) => {
  await withStack(
    async (world) => {
      const { redis } = world;
      await until(
        'each partition has its group',
        async () => (await redis.keys('user-events:{?}')).length === 2,
      );
      const before = (await redis.keys('*')).sort();
      for (const [args, reason] of [
        [['--to', '3'], /has 2 partitions, and 3 is no multiple/],
        [['--to', '2'], /has 2 partitions already/],
        [['--to', '65'], /--to 65: give a whole number from 1 to 64/],
        [['--to', '4', '--into', 'nowhere'], /--into nowhere: give nodes such as/],
        [['--to', '4', '--from', 'nowhere'], /--from nowhere: give a Redis such as/],
        [['--verify'], /No change of the layout was begun/],
        [['--back'], /No change of the layout was begun/],
        [['--drop-old'], /No change of the layout was begun/],
      ] as const) {
        const { code, errors } = await repartition(world, ...args);
        t.is(code, 2, args.join(' '));
        t.regex(errors, reason);
      }
      t.deepEqual(
        (await redis.keys('*')).filter((key) => !key.includes('lease')).sort(),
        before.filter((key) => !key.includes('lease')),
      );
    },
    { env: { PARTITIONS: '2' } },
  );
});
