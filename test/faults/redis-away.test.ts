import test from 'ava';
import type { Redis } from 'ioredis';
import type { Task } from 'shared-events';
import { assertProblem } from '../e2e/problem.ts';
import { type Answer, type Api, untilReady } from '../stack/api.ts';
import { entriesOf, keysBesideLeases, untilKnown } from '../stack/redis.ts';
import { freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { sharedStack, withStack } from '../stack/world.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

// What clients see while Redis is away or its replies are lost, and that all goes on by itself afterwards.

const shared = sharedStack(test);

let proxy: TcpProxy;
/** Its services reach Redis through the proxy; the tests' own connection does not. */
const proxied = sharedStack(test, async () => {
  const ports = await freePorts();
  proxy = await tcpProxy(ports.redis);
  return { ports, env: { REDIS_PORT: String(proxy.port) } };
});
test.after.always(() => proxy?.close());

/** One request of each kind, to a stack with this user and this task. */
const requests = (gateway: Api, userId: string, taskId: string) => [
  gateway.post('/users/users', { name: 'Grace', email: 'grace@example.com' }),
  gateway.get(`/users/users/${userId}`),
  gateway.get(`/users/users/${userId}/tasks`),
  gateway.put(`/users/users/${userId}`, { name: 'Grace', email: 'grace@example.com' }),
  gateway.post('/tasks/tasks', { userId, title: 'Lost?' }),
  gateway.get(`/tasks/tasks/${taskId}`),
  gateway.get(`/tasks/tasks?userId=${userId}`),
  gateway.put(`/tasks/tasks/${taskId}`, { title: 'Changed?' }),
];

test.serial(
  'while Redis is gone every request is a 503 with Retry-After, and all goes on when it is back',
  async (t) => {
    const { stack, redis, gateway, user, task } = shared;
    const ada = await user();
    const milk = await task(ada.id);

    await stack.redis.stop();
    for (const answer of await Promise.all(requests(gateway, ada.id, milk.id))) {
      assertProblem(t, answer, 503, 'redis_unavailable');
      t.is(answer.headers.get('retry-after'), '1');
    }
    assertProblem(t, await gateway.get('/users/ready'), 503, 'not_ready');
    assertProblem(t, await gateway.get('/tasks/ready'), 503, 'not_ready');
    t.is((await gateway.get('/users/health')).status, 200);
    t.is((await gateway.get('/tasks/health')).status, 200);

    await stack.redis.start();
    await untilReady(gateway);
    t.deepEqual((await gateway.get(`/tasks/tasks/${milk.id}`)).json(), milk);
    const bob = await user();
    await untilKnown(redis);
    t.is((await task(bob.id)).userId, bob.id);
  },
);

test.serial(
  'while Redis hangs every request is a 503 within its deadline, and nothing is written twice after',
  async (t) => {
    const { stack, redis, gateway, user, task } = shared;
    const ada = await user();
    const milk = await task(ada.id);

    stack.redis.freeze();
    assertProblem(t, await gateway.get('/users/ready'), 503, 'not_ready');
    assertProblem(t, await gateway.get('/tasks/ready'), 503, 'not_ready');
    for (const answer of await Promise.all(requests(gateway, ada.id, milk.id))) {
      assertProblem(t, answer, 503, 'redis_unavailable');
    }
    stack.redis.thaw();
    await untilReady(gateway);
    await checkOnce(t, redis);
    t.is((await task(ada.id)).userId, ada.id);
  },
);

test.serial('a write whose reply is lost is a 503, and written once or not at all', async (t) => {
  const { redis, gateway, user, task } = proxied;
  const ada = await user();
  const titles: string[] = [];
  for (let round = 0; round < 10; round++) {
    proxy.loseReplies();
    const title = `Round ${round}`;
    const answer = await gateway.post('/tasks/tasks', { userId: ada.id, title });
    assertProblem(t, answer, 503, 'redis_unavailable');
    proxy.heal();
    await untilReady(gateway);
    await task(ada.id, { title: `After ${round}` });
    titles.push(title);
  }
  await checkOnce(t, redis);
  const written = (await entriesOf(redis, 'task-events')).map(({ data }) => (JSON.parse(data) as Task).title);
  t.is(new Set(written).size, written.length, 'no title is there twice');
  t.true(
    titles.some((title) => written.includes(title)),
    'the proxy loses replies, not requests',
  );
});

test.serial(
  'a creation whose reply is lost, sent again with its Idempotency-Key, is there once',
  async (t) => {
    const { redis, gateway, user } = proxied;
    const ada = await user();
    const headers = { 'Idempotency-Key': 'once' };
    const send = () => gateway.post('/tasks/tasks', { userId: ada.id, title: 'Once' }, headers);
    proxy.loseReplies();
    assertProblem(t, await send(), 503, 'redis_unavailable');
    proxy.heal();
    await untilReady(gateway);
    const answer = await send();
    t.is(answer.status, 201);
    t.deepEqual((await gateway.get(`/tasks/tasks?userId=${ada.id}`)).json(), [answer.json()]);
    const written = await entriesOf(redis, 'task-events');
    t.is(written.filter(({ data }) => (JSON.parse(data) as Task).title === 'Once').length, 1);
  },
);

test.serial('a connection that goes silent is given up and made anew', async (t) => {
  const { redis, gateway, user, task } = proxied;
  const ada = await user();
  proxy.blackHole();
  assertProblem(t, await gateway.get(`/users/users/${ada.id}`), 503, 'redis_unavailable');
  proxy.heal();
  await untilReady(gateway);
  const bob = await user();
  await untilKnown(redis);
  t.is((await task(bob.id)).userId, bob.id);
});

test.serial('a Redis without memory refuses writes with 503 and leaves nothing half done', async (t) => {
  const { redis, gateway, user, task } = shared;
  const ada = await user();
  const milk = await task(ada.id);
  await untilKnown(redis);
  await until('the cascade has settled what there is', async () => {
    const [last] = await redis.xrevrange('user-events:{0}', '+', '-', 'COUNT', 1);
    return (await redis.get('user-events:{0}:checkpoint:cascade')) === last?.[0];
  });
  const before = await keysBesideLeases(redis);
  await redis.config('SET', 'maxmemory', '1');
  const answers = await Promise.all(requests(gateway, ada.id, milk.id));
  const expected = [503, 200, 200, 503, 503, 200, 200, 503];
  t.deepEqual(
    answers.map(({ status }: Answer) => status),
    expected,
  );
  t.deepEqual(await keysBesideLeases(redis), before);
  await redis.config('SET', 'maxmemory', '0');
  await checkOnce(t, redis);
  t.is((await gateway.put(`/tasks/tasks/${milk.id}`, { title: 'Changed' })).status, 200);
});

test('a key of the wrong type is a 500 that tells nothing, and leaves nothing half done', async (t) => {
  await withStack(async ({ redis, gateway, user, task }) => {
    const ada = await user();
    await redis.set(`tasks-of:{0}:${ada.id}:completed`, 'no index');
    const done = { userId: ada.id, title: 'Half', status: 'completed' };
    assertProblem(t, await gateway.post('/tasks/tasks', done), 500, 'internal_error');
    t.deepEqual(await redis.keys('task*'), [`tasks-of:{0}:${ada.id}:completed`]);

    const milk = await task(ada.id);
    const before = (await redis.keys('task*')).sort();
    const answer = await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed' });
    assertProblem(t, answer, 500, 'internal_error');
    t.deepEqual((await redis.keys('task*')).sort(), before);
    t.deepEqual((await gateway.get(`/tasks/tasks/${milk.id}`)).json(), milk);
  });
});

/** Each record is its last event, and no version is there twice. */
async function checkOnce(t: { deepEqual(actual: unknown, expected: unknown): void }, redis: Redis) {
  for (const noun of ['user', 'task']) {
    const last = new Map<string, string>();
    for (const { id, subject, schema, data } of await entriesOf(redis, `${noun}-events`)) {
      last.set(`${noun}:{0}:${subject}`, `${id} ${schema} ${data}`);
    }
    const keys = (await redis.keys(`${noun}:{0}:*`)).sort();
    t.deepEqual(keys, [...last.keys()].sort());
    for (const key of keys) t.deepEqual(await redis.get(key), last.get(key));
  }
}
