import test from 'ava';
import { until } from '../stack/until.ts';
import { sharedStack } from '../stack/world.ts';
import { operatorApi } from './world.ts';

// Replays and verifications that operators start through their listener.

const shared = sharedStack(test);

interface Replay {
  state: string;
  read: number;
  total: number;
  differences: number;
  found: string[];
  result: string;
}

test.serial('services and their projections are listed, each projection at its service', async (t) => {
  const { stack } = shared;
  const operator = operatorApi(stack.urls.operator);
  const services = await operator.get('/services');
  t.is(services.headers.get('Content-Type'), 'application/json');
  t.deepEqual(services.json<string[]>().sort(), ['tasks', 'users']);
  const { projections } = (await operator.get('/replays/tasks')).json<{ projections: string[] }>();
  t.deepEqual(projections.sort(), ['known-users', 'tasks']);
  t.deepEqual((await operator.get('/replays/users')).json(), { projections: ['users'] });
  t.is((await operator.get('/replays/users/tasks')).status, 404);
  t.is((await operator.get('/replays/nobody')).status, 404);
  t.is((await operator.post('/services')).status, 405);
});

test.serial(
  'replays and verifications run one at a time, and tell how far they are and what they found',
  async (t) => {
    const { stack, gateway, redis, user, task } = shared;
    const operator = operatorApi(stack.urls.operator);
    const run = async (name: string, mode: string): Promise<Replay> => {
      // Both at once: behind one that is held up the first may have ended.
      const start = () => operator.post(`/replays/${name}`, { mode });
      const answers = await Promise.all([start(), start()]);
      const [started, refused] = answers.toSorted((one, other) => one.status - other.status);
      t.is(started?.status, 202);
      t.is(refused?.json<{ code: string }>().code, 'replay_running');
      return until(`the ${mode} of ${name} has ended`, async () => {
        const [latest] = (await operator.get(`/replays/${name}`)).json<{ replays: Replay[] }>().replays;
        return latest?.state !== 'running' && latest;
      });
    };
    const ada = await user();
    const milk = await task(ada.id);
    await redis.del(`task:{0}:${milk.id}`);
    await redis.set(`user:{0}:${ada.id}`, '1-0 {}');
    t.like(await run('tasks/tasks', 'verify'), {
      state: 'different',
      read: 1,
      total: 1,
      differences: 1,
      found: [`task ${milk.id} is not what its events say`],
    });
    t.like(await run('tasks/tasks', 'replay'), { state: 'done', differences: 1 });
    t.like(await run('tasks/tasks', 'verify'), { state: 'done', differences: 0 });
    t.like(await run('users/users', 'replay'), { state: 'done', differences: 1 });
    t.like(await run('tasks/known-users', 'replay'), { state: 'done' });
    t.is((await gateway.get(`/tasks/tasks/${milk.id}`)).status, 200);
    t.is((await gateway.get(`/users/users/${ada.id}`)).json<{ name: string }>().name, 'Ada');
    await redis.set('user-events:{0}:lock', 'somebody');
    const held = await run('tasks/known-users', 'replay');
    t.is(held.state, 'failed');
    t.regex(held.result, /somebody is at it already/);
    t.is((await operator.post('/replays/tasks/tasks', { mode: 'wreck' })).status, 422);
    t.is((await operator.post('/replays/tasks/everything', { mode: 'verify' })).status, 404);
  },
);
