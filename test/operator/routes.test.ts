import test from 'ava';
import type { Redis } from 'ioredis';
import { type Api, api, seed } from '../stack/api.ts';
import { entryFields, openTestRedis } from '../stack/redis.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { openFeed, operatorApi } from './world.ts';

// What operators see and steer, through their listener at the gateway.

interface World {
  stack: Stack;
  redis: Redis;
  gateway: Api;
  operator: ReturnType<typeof operatorApi>;
}

async function withStack(run: (world: World) => Promise<void>, partitions = 1): Promise<void> {
  const stack = await startStack({ env: { LOG_LEVEL: 'fatal', PARTITIONS: String(partitions) } });
  const redis = openTestRedis(stack);
  try {
    await run({ stack, redis, gateway: api(stack.urls.gateway), operator: operatorApi(stack.urls.operator) });
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}

interface Parked {
  stream: string;
  group: string;
  id: string;
  code: string;
  origin: string;
}

const pathOf = ({ stream, group, id }: Parked) => `/parked/${encodeURIComponent(stream)}/${group}/${id}`;

test('readers tell of every partition of both streams, every group and the projection', async (t) => {
  await withStack(async ({ gateway, redis, operator }) => {
    await redis.xgroup('CREATE', 'task-events:{1}', 'greeter', '0', 'MKSTREAM');
    for (let n = 0; n < 8; n++) {
      const { id } = await seed(gateway).user();
      await seed(gateway).task(id);
    }
    const read = async () =>
      (await operator.get('/readers')).json<{
        streams: { stream: string; length: number; perSecond: number; last: string }[];
        readers: {
          stream: string;
          kind: string;
          name: string;
          pending: number;
          behind: { entries: number };
        }[];
      }>();
    const { streams } = await until('figures are fresh', async () => {
      const state = await read();
      const length = state.streams.reduce((sum, { length }) => sum + length, 0);
      return (
        length === 16 &&
        state.readers.every(({ name, behind }) => name === 'greeter' || behind.entries === 0) &&
        state
      );
    });
    t.deepEqual(
      streams.map(({ stream }) => stream),
      ['user-events:{0}', 'task-events:{0}', 'user-events:{1}', 'task-events:{1}'],
    );
    const rate = streams.reduce((sum, { perSecond }) => sum + perSecond, 0);
    t.true(rate > 0 && rate <= 1.6);
    const { readers } = await read();
    t.deepEqual(readers.map(({ stream, kind, name }) => `${stream} ${kind} ${name}`).sort(), [
      'task-events:{1} group greeter',
      ...['user-events:{0} group cascade', 'user-events:{0} projection known-users'],
      ...['user-events:{1} group cascade', 'user-events:{1} projection known-users'],
    ]);
    const length = streams.find(({ stream }) => stream === 'task-events:{1}')?.length;
    t.is(readers.find(({ name }) => name === 'greeter')?.behind.entries, length);
    t.deepEqual(await redis.acl('LOG'), []);
  }, 2);
});

test('the life of a subject is all its events, oldest first, and recent events end at a cursor', async (t) => {
  await withStack(async ({ stack, gateway, operator }) => {
    const ada = await seed(gateway).user();
    const milk = await seed(gateway).task(ada.id);
    await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed' });
    await gateway.delete(`/tasks/tasks/${milk.id}`);
    const life = (await operator.get(`/subjects/${milk.id}`)).json<{
      events: { type: string; data: { status: string } }[];
      complete: boolean;
    }>();
    t.deepEqual(
      life.events.map(({ type, data }) => `${type} ${data.status}`),
      ['task.created pending', 'task.updated completed', 'task.deleted completed'],
    );
    t.true(life.complete);
    t.deepEqual(
      (await operator.get('/subjects/01890000-0000-7000-8000-000000000000')).json<{ events: [] }>().events,
      [],
    );
    t.is((await operator.get('/subjects/nobody')).status, 404);

    const recent = (await operator.get('/events/recent?limit=2')).json<{
      cursor: string;
      events: { type: string }[];
    }>();
    t.deepEqual(
      recent.events.map(({ type }) => type),
      ['task.updated', 'task.deleted'],
    );
    const feed = await openFeed(`${stack.urls.operator}/events?after=${recent.cursor}`);
    await gateway.delete(`/users/users/${ada.id}`);
    await until('the next event', () => feed.messages.length > 0);
    t.deepEqual(
      feed.messages.map(({ event }) => event),
      ['user.deleted'],
    );
    feed.close();
    t.is((await operator.get('/events/recent?limit=0')).status, 422);
  });
});

test('parked entries are listed with their reason, put back, and dropped', async (t) => {
  await withStack(async ({ redis, operator }) => {
    const list = async () => (await operator.get('/parked')).json<{ parked: Parked[] }>().parked;
    const origin = await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed' }));
    const [first] = await until('it is parked', async () => {
      const all = await list();
      return all.length === 1 && all;
    });
    t.like(first, { stream: 'user-events:{0}', group: 'cascade', code: 'unknown_type', origin });
    t.is((await operator.post(`${pathOf(first as Parked)}/requeue`)).status, 204);
    const [again] = await until('it is parked anew', async () => {
      const all = await list();
      return all.length === 1 && all[0]?.id !== first?.id && all;
    });
    t.is((await operator.post(`${pathOf(first as Parked)}/requeue`)).status, 404);
    await redis.xdel('user-events:{0}', origin as string);
    t.is(
      (await operator.post(`${pathOf(again as Parked)}/requeue`)).json<{ code: string }>().code,
      'entry_gone',
    );
    t.is((await operator.delete(pathOf(again as Parked))).status, 204);
    t.is((await operator.delete(pathOf(again as Parked))).status, 404);
    t.deepEqual(await list(), []);
    for (const path of [
      '/parked/elsewhere/cascade/1-1',
      '/parked/user-events:%7B0%7D/cascade/x',
      '/parked/user-events:%7B9%7D/cascade/1-1',
    ]) {
      t.is((await operator.delete(path)).status, 404, path);
    }
    t.is(await redis.xlen('user-events:{0}'), 0);
    t.deepEqual(await redis.acl('LOG'), []);
  });
});

test('a group of the task events may have parked entries too', async (t) => {
  await withStack(async ({ gateway, redis, operator }) => {
    const { id } = await seed(gateway).user();
    await seed(gateway).task(id);
    const [entry] = await redis.xrange('task-events:{0}', '-', '+');
    await redis.xgroup('CREATE', 'task-events:{0}', 'greeter', '$');
    const dead = 'task-events:{0}:dead:greeter';
    const parked = (await redis.xadd(
      dead,
      '*',
      'origin',
      entry?.[0] ?? '',
      'code',
      'x',
      'reason',
      'y',
      'attempts',
      '1',
    )) as string;
    t.is(
      (
        await operator.post(
          pathOf({ stream: 'task-events:{0}', group: 'greeter', id: parked, code: '', origin: '' }) +
            '/requeue',
        )
      ).status,
      204,
    );
    const [pending] = (await redis.xpending('task-events:{0}', 'greeter')) as [number];
    t.is(pending, 1);
    t.is(await redis.xlen(dead), 0);
    t.deepEqual(await redis.acl('LOG'), []);
  });
});

interface Replay {
  state: string;
  read: number;
  total: number;
  differences: number;
  found: string[];
  result: string;
}

test('replays and verifications run one at a time, and tell how far they are and what they found', async (t) => {
  await withStack(async ({ gateway, redis, operator }) => {
    const run = async (name: string, mode: string): Promise<Replay> => {
      t.is((await operator.post(`/replays/${name}`, { mode })).status, 202);
      t.is(
        (await operator.post(`/replays/${name}`, { mode })).json<{ code: string }>().code,
        'replay_running',
      );
      return until(`the ${mode} of ${name} has ended`, async () => {
        const [latest] = (await operator.get(`/replays/${name}`)).json<{ replays: Replay[] }>().replays;
        return latest?.state !== 'running' && latest;
      });
    };
    const ada = await seed(gateway).user();
    const milk = await seed(gateway).task(ada.id);
    await redis.del(`task:{0}:${milk.id}`);
    await redis.set(`user:{0}:${ada.id}`, '1-0 {}');
    t.like(await run('tasks', 'verify'), {
      state: 'different',
      read: 1,
      total: 1,
      differences: 1,
      found: [`task ${milk.id} is not what its events say`],
    });
    t.like(await run('tasks', 'repair'), { state: 'done', differences: 1 });
    t.like(await run('tasks', 'verify'), { state: 'done', differences: 0 });
    t.like(await run('users', 'repair'), { state: 'done', differences: 1 });
    t.like(await run('known-users', 'repair'), { state: 'done' });
    t.is((await gateway.get(`/tasks/tasks/${milk.id}`)).status, 200);
    t.is((await gateway.get(`/users/users/${ada.id}`)).json<{ name: string }>().name, 'Ada');
    await redis.set('replay', 'somebody');
    const held = await run('known-users', 'repair');
    t.is(held.state, 'failed');
    t.regex(held.result, /somebody is at it already/);
    t.is((await operator.post('/replays/tasks', { mode: 'wreck' })).status, 422);
    t.is((await operator.post('/replays/everything', { mode: 'verify' })).status, 405);
  });
});

test("the public API is at the operators' listener as well, and so are the services' metrics", async (t) => {
  await withStack(async ({ stack, operator }) => {
    const there = api(stack.urls.operator);
    const ada = await seed(there).user();
    const milk = await seed(there).task(ada.id);
    t.is((await there.put(`/tasks/tasks/${milk.id}`, { status: 'completed' })).status, 200);
    t.is((await there.delete(`/users/users/${ada.id}`)).status, 204);
    const headers = { Accept: 'text/plain' };
    t.regex(
      (await operator.get('/metrics/tasks', headers)).text,
      /^user_checks_total\{answered="locally"\} 1$/m,
    );
    t.regex((await operator.get('/metrics/users', headers)).text, /^process_cpu_seconds_total /m);
  });
});
