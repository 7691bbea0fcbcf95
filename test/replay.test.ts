import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Redis } from 'ioredis';
import {
  newId,
  partitionOf,
  routingDigits,
  type Task,
  taskEvents,
  taskStatuses,
  type User,
  userEvents,
} from 'shared-events';
import { api, seed } from './stack/api.ts';
import { startCommand } from './stack/commands.ts';
import { openTestRedis, untilKnown } from './stack/redis.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { until } from './stack/until.ts';

// The streams are the truth: what is kept beside them can be lost and rebuilt.

const partitions = 3;

const startReplay = (stack: Stack, ...args: string[]) => startCommand('replay', stack, args, partitions);
const replay = (stack: Stack, ...args: string[]) => startReplay(stack, ...args).result;

async function withStack(run: (stack: Stack, redis: Redis) => Promise<void>) {
  const stack = await startStack({ env: { PARTITIONS: String(partitions), LOG_LEVEL: 'warn' } });
  const redis = openTestRedis(stack);
  try {
    await run(stack, redis);
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}

interface World {
  users: User[];
  tasks: Task[];
}

/** A small world with a history: users and tasks that were made, changed and deleted. */
async function history(stack: Stack, size: number): Promise<World> {
  const gateway = api(stack.urls.gateway);
  const { user, task } = seed(gateway);
  const users: User[] = [];
  const tasks: Task[] = [];
  await Promise.all(
    Array.from({ length: size }, async (_, n) => {
      const made = await user({ name: `User ${n}` });
      users.push(made);
      for (const status of taskStatuses) tasks.push(await task(made.id, { status, title: `${n} ${status}` }));
      if (n % 2 === 0)
        await gateway.put(`/users/users/${made.id}`, { name: 'Changed', email: 'c@example.com' });
      const last = tasks.filter(({ userId }) => userId === made.id).at(-1);
      if (n % 3 === 0)
        await gateway.put(`/tasks/tasks/${last?.id}`, { status: 'pending', description: 'new' });
      if (n % 4 === 0) await gateway.delete(`/tasks/tasks/${last?.id}`);
      if (n % 5 === 0) await gateway.delete(`/users/users/${made.id}`);
    }),
  );
  return { users, tasks };
}

/** Every answer that reads can get about this world, with status, version and text. */
async function answers(stack: Stack, { users, tasks }: World): Promise<string[]> {
  const gateway = api(stack.urls.gateway);
  const paths = [
    ...users.flatMap(({ id }) => [
      `/users/users/${id}`,
      `/users/users/${id}/tasks`,
      ...taskStatuses.map((status) => `/tasks/tasks?userId=${id}&status=${status}`),
    ]),
    ...tasks.map(({ id }) => `/tasks/tasks/${id}`),
  ];
  const all: string[] = [];
  for (const path of paths) {
    const { status, headers, text: body } = await gateway.get(path, { 'X-Request-Id': 'same' });
    all.push(`${path} ${status} ${headers.get('etag')} ${body}`);
  }
  return all;
}

const untilCascadesEnd = (redis: Redis) =>
  until('all deleted users are taken care of', async () => {
    for (let p = 0; p < partitions; p++) {
      const [last] = await redis.xrevrange(`user-events:{${p}}`, '+', '-', 'COUNT', 1);
      if (last && (await redis.get(`user-events:{${p}}:checkpoint:cascade`)) !== last[0]) return false;
      await untilKnown(redis, p);
    }
    return true;
  });

test('with every key but the streams deleted, a replay brings every answer back', async (t) => {
  await withStack(async (stack, redis) => {
    const world = await history(stack, 40);
    await untilCascadesEnd(redis);
    const before = await answers(stack, world);
    const kept = (await redis.keys('*')).filter((key) => /^(user|task)-events:\{\d\}$/.test(key));
    const lost = (await redis.keys('*')).filter((key) => !kept.includes(key));
    const values = new Map<string, unknown>();
    for (const key of lost.filter((name) => /^(user|task):/.test(name)))
      values.set(key, await redis.get(key));
    await redis.del(...lost);
    t.not((await answers(stack, world)).join(), before.join());

    const { code, output } = await replay(stack, 'all');
    t.is(code, 0);
    t.regex(output, /users: \d+ entries in .* \d+ changed/);
    t.deepEqual(await answers(stack, world), before);
    for (const [key, value] of values) t.is(await redis.get(key), value as string, key);
    t.is((await replay(stack, 'all', '--verify')).code, 0);
    const made = await seed(api(stack.urls.gateway)).task((await seed(api(stack.urls.gateway)).user()).id);
    t.truthy(made.id);
  });
});

test('--verify changes nothing, names what differs and ends with 1; a replay puts it right', async (t) => {
  await withStack(async (stack, redis) => {
    const { users, tasks } = await history(stack, 12);
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
    const before = await redis.dbsize();

    const found = await replay(stack, 'all', '--verify');
    t.is(found.code, 1);
    for (const key of [user, task]) t.true(found.output.includes(key?.split(':')[2] as string), found.output);
    t.is(found.output.match(new RegExp(stranger, 'g'))?.length, 2, found.output);
    t.is(await redis.dbsize(), before);

    t.is((await replay(stack, 'all')).code, 0);
    t.is((await replay(stack, 'all', '--verify')).code, 0);
    t.true(users.length > 0 && tasks.length > 0);
  });
});

test('--until writes the state as it was then', async (t) => {
  await withStack(async (stack, redis) => {
    const dir = mkdtempSync(join(tmpdir(), 'replay-'));
    const file = join(dir, 'users.jsonl');
    const gateway = api(stack.urls.gateway);
    const { user } = seed(gateway);
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
    t.deepEqual(lines.map(({ name }) => name).sort(), ['Ada', 'Bob']);
    t.true(lines.some((line) => isDeepStrictEqual(line, ada)));
    rmSync(dir, { recursive: true });
  });
});

/** Writers and a reader that check every answer they get, until they are stopped; then it tells how often they wrote. */
function checkedLoad(t: ExecutionContext, stack: Stack, world: World, before: string[]) {
  const gateway = api(stack.urls.gateway);
  const { user, task } = seed(gateway);
  let busy = true;
  let writes = 0;
  const writer = async () => {
    while (busy) {
      const made = await user();
      const { id } = await task(made.id);
      const changed = await gateway.put(`/tasks/tasks/${id}`, { status: 'completed' });
      t.is(changed.status, 200);
      t.is((await gateway.get(`/tasks/tasks/${id}`)).text, changed.text);
      t.is((await gateway.delete(`/users/users/${made.id}`)).status, 204);
      t.is((await gateway.get(`/users/users/${made.id}`)).status, 404);
      t.is((await gateway.post('/tasks/tasks', { userId: made.id, title: 'x' })).status, 400);
      writes += 1;
    }
  };
  const reader = async () => {
    while (busy) t.deepEqual(await answers(stack, world), before);
  };
  const ended = Promise.all([writer(), writer(), reader()]);
  return async () => {
    busy = false;
    await ended;
    return writes;
  };
}

test('while all is rebuilt again and again, and killed half-way, no reader and no writer notices', async (t) => {
  await withStack(async (stack, redis) => {
    const world = await history(stack, 30);
    await untilCascadesEnd(redis);
    const stopLoad = checkedLoad(t, stack, world, await answers(stack, world));
    for (let round = 0; round < 3; round++) {
      const { child, result } = startReplay(stack, 'all');
      const isAtWork = async () => (await redis.exists('replay')) > 0 || child.exitCode !== null;
      await until('the replay is at work', isAtWork);
      process.kill(child.pid as number, 'SIGKILL');
      await result;
      await until('the lock of the killed one has ended', async () => (await redis.exists('replay')) === 0);
      const { code, errors } = await replay(stack, 'all');
      t.is(code, 0, errors);
    }
    t.true((await stopLoad()) > 10);
    await untilCascadesEnd(redis);
    const { code, output } = await replay(stack, 'all', '--verify');
    t.is(code, 0, output);
  });
});

test('a hundred thousand events are rebuilt while writers and a reader go on', async (t) => {
  await withStack(async (stack, redis) => {
    const world = await history(stack, 10);
    await writeHistory(redis, 25_000);
    await untilCascadesEnd(redis);
    const before = await answers(stack, world);
    const stopLoad = checkedLoad(t, stack, world, before);
    const { code, output, errors } = await replay(stack, 'all');
    t.is(code, 0, errors);
    t.regex(output, /users: 5\d{4} entries in .* 25000 changed/);
    t.regex(output, /tasks: 5\d{4} entries in .* 25000 changed/);
    t.true((await stopLoad()) > 5);
    await untilCascadesEnd(redis);
    t.is((await replay(stack, 'all', '--verify')).code, 0);
  });
});

/** Writes two events of so many users and as many tasks, and none of what is kept beside them. */
async function writeHistory(redis: Redis, count: number): Promise<void> {
  const now = new Date().toISOString();
  const origin = { trace: '', request: '' };
  for (let from = 0; from < count; from += 500) {
    const pipeline = redis.pipeline();
    for (let n = from; n < from + 500; n++) {
      const id = newId();
      const user = { id, name: `User ${n}`, email: 'a@example.com', createdAt: now, updatedAt: now };
      const task = {
        id: newId(routingDigits(id)),
        userId: id,
        title: 'x',
        description: null,
        createdAt: now,
        updatedAt: now,
      };
      const partition = partitionOf(id, partitions);
      for (const type of ['created', 'updated'] as const) {
        const data = JSON.stringify({ ...user, name: type });
        const fields = userEvents.encode({ type: `user.${type}`, subject: id, data, ...origin });
        pipeline.xadd(userEvents.key(partition), '*', ...fields);
        const status = type === 'created' ? 'pending' : 'completed';
        const taskData = JSON.stringify({ ...task, status });
        const taskFields = taskEvents.encode({
          type: `task.${type}`,
          subject: task.id,
          data: taskData,
          ...origin,
        });
        pipeline.xadd(taskEvents.key(partition), '*', ...taskFields);
      }
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}

test('two replays at once: the second is refused, naming the first', async (t) => {
  await withStack(async (stack, redis) => {
    await redis.set('replay', 'somehost:42 (users, since today)', 'PX', 60_000);
    const { code, errors } = await replay(stack, 'users');
    t.is(code, 2);
    t.regex(errors, /^somehost:42 \(users, since today\) is at it already\./);
    await redis.del('replay');
    t.is((await replay(stack, 'users')).code, 0);
  });
});

test('what cannot be replayed, or a wrong time, gets one line that says so', async (t) => {
  await withStack(async (stack) => {
    for (const [args, message] of [
      [['everything'], /everything cannot be replayed here; there is: known-users, tasks/],
      [['users', '--until', 'yesterday', '--to', 'x'], /Say with --until an entry id/],
      [['users', '--until', '1-1'], /Say with --to/],
      [['users', '--loud'], /Unknown option '--loud'/],
    ] as [string[], RegExp][]) {
      const { code, errors } = await replay(stack, ...args);
      t.is(code, 2);
      t.regex(errors, message);
    }
  });
});
