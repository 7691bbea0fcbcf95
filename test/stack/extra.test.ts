import test from 'ava';
import type { User } from 'shared-events';
import { api } from './api.ts';
import { withStack } from './world.ts';

// One service more costs a stack and its gateway a folder and a prefix. Here it is the user service once more.

test('a third service is behind the gateway as the others are, for clients and for operators', async (t) => {
  await withStack(
    async ({ stack, gateway }) => {
      const operator = api(stack.urls.operator);
      t.deepEqual((await operator.get('/services')).json(), ['users', 'tasks', 'people']);
      t.deepEqual((await operator.get('/replays/people')).json(), { projections: ['users'] });
      t.regex((await operator.get('/metrics/people')).text, /^process_cpu_seconds_total /m);
      const made = await gateway.post('/people/users', { name: 'Ada', email: 'ada@example.com' });
      t.is(made.headers.get('Location'), `/people/users/${made.json<User>().id}`);
      t.is((await gateway.delete(made.headers.get('Location') ?? '')).status, 204);
      for (const path of ['/people', '/people/metrics', '/people/operator/replays', '/persons/users']) {
        t.is((await gateway.get(path)).status, 404, path);
      }
      await stack.extra[0]?.stop();
      t.is((await gateway.get('/people/health')).status, 502);
    },
    { extra: [{ folder: 'user-service', prefix: 'people' }] },
  );
});
