import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { keysBesideLeases } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { sharedStack, withStack } from '../stack/world.ts';
import { answers, env, history, replay, untilCascadesEnd } from './world.ts';

// The streams are the truth: what is kept beside them can be lost and rebuilt.

const shared = sharedStack(test, { env });

test('with every key but the streams deleted, a replay brings every answer back', async (t) => {
  await withStack(
    async ({ stack, gateway, redis, user, task }) => {
      const world = await history(gateway, 20);
      await untilCascadesEnd(redis);
      const before = await answers(gateway, world);
      const kept = (await redis.keys('*')).filter((key) => /^(user|task)-events:\{\d\}$/.test(key));
      const lost = (await redis.keys('*')).filter((key) => !kept.includes(key));
      const values = new Map<string, unknown>();
      for (const key of lost.filter((name) => /^(user|task):/.test(name)))
        values.set(key, await redis.get(key));
      await redis.del(...lost);
      t.not((await answers(gateway, world)).join(), before.join());

      const { code, output } = await replay(stack, 'all');
      t.is(code, 0);
      t.regex(output, /users: \d+ entries in .* \d+ changed/);
      t.deepEqual(await answers(gateway, world), before);
      for (const [key, value] of values) t.is(await redis.get(key), value as string, key);
      t.is((await replay(stack, 'all', '--verify')).code, 0);
      const { id } = await user();
      t.truthy((await task(id)).id);
    },
    { env },
  );
});

test.serial(
  '--verify changes nothing, names what differs and ends with 1; a replay puts it right',
  async (t) => {
    const { stack, gateway, redis } = shared;
    const { users, tasks } = await history(gateway, 12);
    await untilCascadesEnd(redis);
    t.is((await replay(stack, 'all', '--verify')).code, 0);
    const [user] = await redis.keys('user:{*');
    const [task] = await redis.keys('task:{*');
    const [index] = await redis.keys('tasks-of:*:pending');
    const [known] = await redis.keys('known-users:*');
    const stranger = '01890000-0000-7000-8000-000000000000';
    await redis.set(user as string, '1-1 {"changed":"by hand"}');
    await redis.del(task as string);
    await redis.zadd(index as string, 0, stranger);
    await redis.hset(known as string, stranger, '1-1');
    const before = await keysBesideLeases(redis);

    const found = await replay(stack, 'all', '--verify');
    t.is(found.code, 1);
    for (const key of [user, task]) t.true(found.output.includes(key?.split(':')[2] as string), found.output);
    t.is(found.output.match(new RegExp(stranger, 'g'))?.length, 2, found.output);
    t.deepEqual(await keysBesideLeases(redis), before);

    t.is((await replay(stack, 'all')).code, 0);
    t.is((await replay(stack, 'all', '--verify')).code, 0);
    t.true(users.length > 0 && tasks.length > 0);
  },
);

test.serial('--until writes the state as it was then', async (t) => {
  const { stack, gateway, redis, user } = shared;
  const dir = mkdtempSync(join(tmpdir(), 'replay-'));
  const file = join(dir, 'users.jsonl');
  const [ada, bob] = [await user({ name: 'Ada' }), await user({ name: 'Bob' })];
  const ends = await Promise.all(
    [0, 1, 2].map((p) => redis.xrevrange(`user-events:{${p}}`, '+', '-', 'COUNT', 1)),
  );
  const then = ends
    .flatMap(([entry]) => (entry ? [entry[0]] : []))
    .sort()
    .at(-1) as string;
  await until(
    'the clock has moved on',
    async () => Number((await redis.time())[0]) * 1000 > Number.parseInt(then, 10),
  );
  await gateway.delete(`/users/users/${bob.id}`);
  await gateway.put(`/users/users/${ada.id}`, { name: 'Changed', email: 'ada@example.com' });
  await user({ name: 'Later' });
  t.is((await replay(stack, 'users', '--until', then, '--to', file)).code, 0);
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.is(lines.find(({ id }) => id === bob.id)?.name, 'Bob');
  t.false(lines.some(({ name }) => name === 'Later'));
  t.true(lines.some((line) => isDeepStrictEqual(line, ada)));
  rmSync(dir, { recursive: true });
});

test.serial(
  'two replays at once: the second is refused, naming the first, and so is a verification',
  async (t) => {
    const { stack, redis } = shared;
    await redis.set('user-events:{0}:lock', 'somehost:42 (users, since today)', 'PX', 60_000);
    for (const args of [['users'], ['users', '--verify']]) {
      const { code, errors } = await replay(stack, ...args);
      t.is(code, 2);
      t.regex(errors, /^somehost:42 \(users, since today\) is at it already\./);
    }
    await redis.del('user-events:{0}:lock');
    t.is((await replay(stack, 'users')).code, 0);
  },
);

test.serial('what cannot be replayed, or a wrong time, gets one line that says so', async (t) => {
  const { stack } = shared;
  for (const [args, message] of [
    [['everything'], /everything cannot be replayed here; there is: users, known-users, tasks/],
    [['users', '--until', 'yesterday', '--to', 'x'], /Say with --until an entry id/],
    [['users', '--until', '1-1'], /Say with --to/],
    [['users', '--loud'], /Unknown option '--loud'/],
  ] as [string[], RegExp][]) {
    const { code, errors } = await replay(stack, ...args);
    t.is(code, 2);
    t.regex(errors, message);
  }
});
