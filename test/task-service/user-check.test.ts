import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { Task } from 'shared-events';
import { assertProblem } from '../e2e/problem.ts';
import { entriesOf, holdProjections, untilKnown } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { sharedStack, type World, withStack } from '../stack/world.ts';

// What the user check answers when the projection lags and when the user service is away.

const shared = sharedStack(test, { env: { LOG_LEVEL: 'warn' } });

const create = ({ gateway }: World, userId: string) =>
  gateway.post('/tasks/tasks', { userId, title: 'Buy milk' });

async function fill({ user }: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await user();
}

test.serial(
  'while the projection lags, the events behind it decide, without asking the user service',
  async (t) => {
    const { stack, redis, gateway, user } = shared;
    const before = await user();
    await untilKnown(redis);
    const release = await holdProjections(redis);
    const [stays, goes] = [await user(), await user()];
    await gateway.put(`/users/users/${stays.id}`, { name: 'Grace', email: 'grace@example.com' });
    await gateway.delete(`/users/users/${goes.id}`);
    await gateway.delete(`/users/users/${before.id}`);
    t.is((await create(shared, stays.id)).status, 201);
    assertProblem(t, await create(shared, goes.id), 400, 'unknown_user');
    assertProblem(t, await create(shared, before.id), 400, 'unknown_user');

    await stack.users.stop();
    t.is((await create(shared, stays.id)).status, 201, 'it is known here');
    assertProblem(t, await create(shared, goes.id), 400, 'user_unverifiable');

    await release();
    await untilKnown(redis);
    t.is((await create(shared, stays.id)).status, 201);
    t.is((await entriesOf(redis, 'task-events')).length, 3);
    await stack.users.start();
  },
);

test.serial(
  'when the projection lags too far, the user service is asked, and its answer holds',
  async (t) => {
    const { stack, redis, gateway, user } = shared;
    const early = await user();
    await untilKnown(redis);
    const release = await holdProjections(redis);
    await fill(shared, 101);
    const late = await user();
    t.is((await create(shared, early.id)).status, 201);
    t.is((await create(shared, late.id)).status, 201);
    await gateway.delete(`/users/users/${late.id}`);
    assertProblem(t, await create(shared, late.id), 400, 'unknown_user');

    await stack.users.stop();
    assertProblem(t, await create(shared, early.id), 400, 'user_unverifiable');
    await stack.users.start();
    t.is((await create(shared, early.id)).status, 201);
    await release();
  },
);

test('a user deleted after the user service vouched for them is refused', async (t) => {
  let realUsers = '';
  const voucher = createServer(async (request, response) => {
    const path = `${realUsers}${request.url}`;
    const answer = await fetch(path);
    const text = await answer.text();
    await fetch(path, { method: 'DELETE' });
    response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(text);
  });
  voucher.listen(0, '127.0.0.1');
  await once(voucher, 'listening');
  const { port } = voucher.address() as AddressInfo;
  try {
    await withStack(
      async (world) => {
        const { stack, redis, user } = world;
        realUsers = stack.urls.users;
        await user();
        await untilKnown(redis);
        await holdProjections(redis);
        const late = await user();
        await fill(world, 101);
        assertProblem(t, await create(world, late.id), 400, 'unknown_user');
        t.is((await entriesOf(redis, 'task-events')).length, 0);
      },
      { env: { USER_SERVICE_BASE: `http://127.0.0.1:${port}` } },
    );
  } finally {
    voucher.close();
  }
});

test('a user service that says nothing, or nonsense, in time leaves an unknown user unverifiable', async (t) => {
  const nobody = '01890000-0000-7000-8000-000000000000';
  const answers: [status: number, type: string, body: string][] = [
    [200, 'text/html', '<p>hello</p>'],
    [200, 'application/json', '{"id":"somebody else"}'],
    [200, 'application/json', 'null'],
    [200, 'application/json', JSON.stringify({ id: nobody, x: 'x'.repeat(100_000) })],
    [302, 'application/json', ''],
    [404, 'text/html', '<p>not here</p>'],
    [404, 'application/json', '{"code":"not_found"}'],
    [500, 'application/json', '{}'],
  ];
  let [status, type, body] = answers[0] as [number, string, string];
  const nonsense = createServer((_, response) => {
    response.writeHead(status, { 'Content-Type': type, Location: '/' }).end(body);
  });
  nonsense.listen(0, '127.0.0.1');
  await once(nonsense, 'listening');
  const { port } = nonsense.address() as AddressInfo;
  try {
    await withStack(
      async (world) => {
        for ([status, type, body] of answers) {
          assertProblem(t, await create(world, nobody), 400, 'user_unverifiable');
        }
        [status, type, body] = [200, 'application/json', JSON.stringify({ id: nobody })];
        t.is((await create(world, nobody)).status, 201, 'with a right answer the same stack creates');
      },
      { env: { USER_SERVICE_BASE: `http://127.0.0.1:${port}` } },
    );
  } finally {
    nonsense.close();
  }
});

test.serial('a user service that hangs is not waited for longer than two seconds', async (t) => {
  const { stack, redis, user } = shared;
  const known = await user();
  await untilKnown(redis);
  stack.users.freeze();
  // Where the machine is held up for a second, the gateway gives the task service up.
  const answer = await until('the task service answers before that', async () => {
    const given = await create(shared, '01890000-0000-7000-8000-000000000000');
    return given.status !== 504 && given;
  });
  assertProblem(t, answer, 400, 'user_unverifiable');
  t.is((await create(shared, known.id)).status, 201, 'a known user does not need it');
  stack.users.thaw();
});

test.serial(
  'entries that cannot be understood are passed by, and the users behind them are known',
  async (t) => {
    const { stack, redis, user } = shared;
    await redis.xadd('user-events:{0}', '*', 'nonsense', 'by hand');
    await redis.xadd(
      'user-events:{0}',
      '*',
      'type',
      'user.created',
      'subject',
      'x',
      'data',
      '{',
      'schema',
      '99',
    );
    const behind = await user();
    await untilKnown(redis);
    await stack.users.stop();
    const answer = await create(shared, behind.id);
    t.is(answer.status, 201);
    t.is(answer.json<Task>().userId, behind.id);
  },
);
