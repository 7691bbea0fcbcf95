import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import test from 'ava';
import { firstLayout, hashTag, partitionOf, type Task, type User } from 'shared-events';
import { servicePart } from './parts.ts';
import { freePorts } from './stack.ts';
import { until } from './until.ts';
import { withStack } from './world.ts';

test('all that belongs to one user carries the hash tag of the partition their id leads to', async (t) => {
  const partitions = 7;
  await withStack(
    async ({ redis, user, task }) => {
      const users: User[] = [];
      const tasks: Task[] = [];
      for (let n = 0; n < 30; n++) {
        const made = await user();
        users.push(made);
        tasks.push(await task(made.id));
      }
      for (const { id } of users) {
        const tag = hashTag(partitionOf(id, firstLayout(partitions)));
        const own = tasks.find(({ userId }) => userId === id)?.id;
        t.deepEqual((await redis.keys(`*${id}*`)).sort(), [
          `tasks-of:${tag}:${id}`,
          `tasks-of:${tag}:${id}:pending`,
          `user:${tag}:${id}`,
        ]);
        t.deepEqual(await redis.keys(`*${own}*`), [`task:${tag}:${own}`]);
        await until('the user is known in that partition', () =>
          redis.hexists(`known-users:${tag}`, id).then(Boolean),
        );
      }
      t.true(
        new Set(users.map(({ id }) => partitionOf(id, firstLayout(partitions)))).size > 3,
        'users spread',
      );
    },
    { env: { PARTITIONS: String(partitions) } },
  );
});

/** The words of a line of MONITOR. */
const wordsOf = (line: string) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word);

test('every script names all the keys it touches, and all carry one hash tag', async (t) => {
  await withStack(
    async ({ stack, gateway, user, task }) => {
      const warm = await user();
      await task(warm.id);

      const monitor = connect(stack.ports.redis, '127.0.0.1').setEncoding('utf8');
      monitor.write('MONITOR\r\n');
      await once(monitor, 'data');
      const scripts = new Map<string, Set<string>>();
      let named = new Set<string>();
      createInterface(monitor).on('line', (line) => {
        // A script's text ends where the number of its keys stands; Valkey 8.1 leaves the quotes in it as they are.
        const [, count, keys = ''] = /"eval(?:sha)?" ".*?" "(\d+)" (.*)$/i.exec(line) ?? [];
        const [command = '', ...rest] = wordsOf(line);
        if (line.includes(' lua] ')) {
          const touched = scripts.get([...named].join(' ')) ?? new Set();
          const [key] = /^(xinfo|xgroup)$/i.test(command) ? rest.slice(1) : rest;
          if (key !== undefined) touched.add(key);
          scripts.set([...named].join(' '), touched);
        } else if (count !== undefined) {
          named = new Set(wordsOf(keys).slice(0, Number(count)));
        }
      });
      for (let n = 0; n < 5; n++) {
        const made = await user();
        const { id } = await task(made.id);
        await gateway.post(
          '/tasks/tasks',
          { userId: made.id, title: 'x' },
          { 'Idempotency-Key': `key ${n}` },
        );
        await gateway.put(`/tasks/tasks/${id}`, { status: 'completed' });
        await gateway.delete(`/tasks/tasks/${id}`);
        await gateway.put(`/users/users/${made.id}`, { name: 'Grace', email: 'grace@example.com' });
        await gateway.delete(`/users/users/${made.id}`);
        await gateway.post('/tasks/tasks', { userId: made.id, title: 'too late' });
      }
      await until('the follower has applied something', () =>
        [...scripts.keys()].some((key) => /^user-events:\S+ known-users/.test(key)),
      );
      monitor.destroy();

      t.true(scripts.size > 20);
      for (const [keys, touched] of scripts) {
        const declared = new Set(keys.split(' '));
        for (const key of touched) t.true(declared.has(key), `${key} is not among ${keys}`);
        t.is(new Set([...declared].map((key) => /\{\d+\}/.exec(key)?.[0])).size, 1, keys);
      }
    },
    { env: { PARTITIONS: '5' } },
  );
});

test('a service that finds data written with another number of partitions refuses to start and says why', async (t) => {
  await withStack(
    async ({ stack }) => {
      await stack.users.stop();
      const other = servicePart(
        'user-service',
        { PARTITIONS: '8' },
        { ports: stack.ports, supervised: false, onLine: () => undefined },
      );
      await t.throwsAsync(other.start(), { message: /was written with PARTITIONS=4.*Set PARTITIONS=4/ });
      t.is(await other.ended(), 1);
      await stack.users.start();
    },
    { env: { PARTITIONS: '4' } },
  );
});

for (const [name, value, rule] of [
  ['PARTITIONS', '0', 'must be a whole number from 1 to 64'],
  ['PARTITIONS', '65', 'must be a whole number from 1 to 64'],
  ['PARTITIONS', '1.5', 'must be a whole number from 1 to 64'],
  ['PARTITIONS', 'many', 'must be a whole number from 1 to 64'],
  ['REDIS_PORT', '70000', 'must be a whole number from 1 to 65535'],
  ['REDIS_REPLICAS', '5', 'must be a whole number from 0 to 4'],
  ['REDIS_CLUSTER', '10.0.0.1:6379', 'cannot stand beside REDIS_HOST or REDIS_PORT'],
  ['REDIS_CLUSTER', '10.0.0.1,:6379', '.*must be nodes such as'],
  ['REDIS_SENTINELS', '10.0.0.1:26379', 'needs REDIS_SENTINEL_NAME beside it'],
  ['LOG_LEVEL', 'loud', 'must be one of fatal, error'],
  ['TASK_BASE', 'task-service:8002', 'must be an http address'],
] as const) {
  test(`${name}=${value} is refused, naming what it may be`, async (t) => {
    const service = servicePart(
      'user-service',
      { [name]: value },
      { ports: await freePorts(), supervised: false, onLine: () => undefined },
    );
    await t.throwsAsync(service.start(), { message: new RegExp(`user-service: ${name}=${value}: ${rule}`) });
    t.is(await service.ended(), 1);
  });
}
