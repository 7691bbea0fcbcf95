import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { type Task, taskStatuses, type User } from 'shared-events';
import { api, untilReady } from './stack/api.ts';
import { startCommand } from './stack/commands.ts';
import { openTestRedis } from './stack/redis.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { until } from './stack/until.ts';

// Random commands with random crashes, replays and compactions: live state, replayed state and a plain model in memory are the same.

const partitions = 2;
const name = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .map((text) => text.replace(/[\p{Cc}\s]/gu, '_'));
const which = fc.nat();

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('create user' as const), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replace user' as const), which, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete user' as const), which }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('create task' as const),
      which,
      name,
      status: fc.constantFrom(...taskStatuses),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('change task' as const),
      which,
      title: fc.option(name, { nil: undefined }),
      status: fc.constantFrom(undefined, ...taskStatuses),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete task' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      part: fc.constantFrom('users', 'tasks', 'redis'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replay' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

interface Model {
  users: Map<string, User>;
  tasks: Map<string, Task>;
}

async function carryOut(stack: Stack, { users, tasks }: Model, step: Command): Promise<void> {
  const gateway = api(stack.urls.gateway);
  const pick = <T>(map: Map<string, T>, n: number): T | undefined =>
    [...map.values()][n % Math.max(map.size, 1)];
  const expect = (status: number, answer: { status: number; text: string }) => {
    if (answer.status !== status) throw new Error(`${JSON.stringify(step)}: ${answer.status} ${answer.text}`);
  };
  switch (step.do) {
    case 'create user': {
      const answer = await gateway.post('/users/users', { name: step.name, email: 'a@example.com' });
      expect(201, answer);
      const { id, createdAt } = answer.json<User>();
      users.set(id, { id, name: step.name, email: 'a@example.com', createdAt, updatedAt: createdAt });
      return;
    }
    case 'replace user': {
      const user = pick(users, step.which);
      if (!user) return;
      const answer = await gateway.put(`/users/users/${user.id}`, { name: step.name, email: user.email });
      expect(200, answer);
      users.set(user.id, { ...user, name: step.name, updatedAt: answer.json<User>().updatedAt });
      return;
    }
    case 'delete user': {
      const user = pick(users, step.which);
      if (!user) return;
      expect(204, await gateway.delete(`/users/users/${user.id}`));
      users.delete(user.id);
      for (const task of [...tasks.values()]) if (task.userId === user.id) tasks.delete(task.id);
      return;
    }
    case 'create task': {
      const user = pick(users, step.which);
      if (!user) return;
      const { name: title, status } = step;
      const answer = await gateway.post('/tasks/tasks', { userId: user.id, title, status });
      expect(201, answer);
      const { id, createdAt } = answer.json<Task>();
      tasks.set(id, {
        id,
        userId: user.id,
        title,
        description: null,
        status,
        createdAt,
        updatedAt: createdAt,
      });
      return;
    }
    case 'change task': {
      const task = pick(tasks, step.which);
      if (!task) return;
      const { title = task.title, status = task.status } = step;
      const answer = await gateway.put(`/tasks/tasks/${task.id}`, { title: step.title, status: step.status });
      expect(200, answer);
      tasks.set(task.id, { ...task, title, status, updatedAt: answer.json<Task>().updatedAt });
      return;
    }
    case 'delete task': {
      const task = pick(tasks, step.which);
      if (!task) return;
      expect(204, await gateway.delete(`/tasks/tasks/${task.id}`));
      tasks.delete(task.id);
      return;
    }
    case 'crash': {
      const part = stack[step.part as 'users' | 'tasks' | 'redis'];
      part.kill('SIGKILL');
      await part.ended();
      await part.start();
      await untilReady(gateway);
      return;
    }
    case 'replay': {
      const { code, errors } = await startCommand('replay', stack, ['all'], partitions).result;
      if (code !== 0) throw new Error(errors);
      return;
    }
    case 'compact': {
      const args = ['compact', '--older-than', '0s'];
      const { code, errors } = await startCommand('events', stack, args, partitions).result;
      if (code !== 0) throw new Error(errors);
      return;
    }
  }
}

test('whatever is done, live state, replayed state and a plain model are the same to the byte', async (t) => {
  const stack = await startStack({ env: { PARTITIONS: String(partitions), LOG_LEVEL: 'fatal' } });
  const redis = openTestRedis(stack);
  const dir = mkdtempSync(join(tmpdir(), 'property-'));
  const gateway = api(stack.urls.gateway);
  const model: Model = { users: new Map(), tasks: new Map() };
  const linesOf = (map: Map<string, object>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, document]) => JSON.stringify(document));

  /** What a replay says there is, as JSON lines in order of id. */
  async function replayed(projection: 'users' | 'tasks'): Promise<string[]> {
    const file = join(dir, projection);
    const args = [projection, '--until', '2100-01-01T00:00:00Z', '--to', file];
    const { code, errors } = await startCommand('replay', stack, args, partitions).result;
    t.is(code, 0, errors);
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).sort();
  }

  try {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async (steps) => {
        for (const step of steps) await carryOut(stack, model, step);
        await until('the cascades are done', async () => {
          const owners = (await redis.keys('tasks-of:*')).map((key) => key.split(':')[2] ?? '');
          return owners.every((owner) => model.users.has(owner));
        });
        for (const [id, user] of model.users) {
          t.is((await gateway.get(`/users/users/${id}`)).text, JSON.stringify(user));
          const own = new Map([...model.tasks].filter(([, { userId }]) => userId === id));
          t.is((await gateway.get(`/tasks/tasks?userId=${id}`)).text, `[${linesOf(own).join(',')}]`);
        }
        t.deepEqual(await replayed('users'), linesOf(model.users).sort());
        t.deepEqual(await replayed('tasks'), linesOf(model.tasks).sort());
        const { code, output } = await startCommand('replay', stack, ['all', '--verify'], partitions).result;
        t.is(code, 0, output);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  } finally {
    redis.disconnect();
    await stack.stop();
    rmSync(dir, { recursive: true });
  }
});
