import test from 'ava';
import { assertProblem } from '../e2e/problem.ts';
import { api } from '../stack/api.ts';
import { entryFields, holdProjections, untilKnown } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

test('the figures of readers and user checks are at each service, and not at the gateway', async (t) => {
  await withStack(async ({ stack, redis, gateway, user, task }) => {
    const tasks = api(stack.urls.tasks);
    const figure = async (name: string) => {
      const { text } = await tasks.get('/metrics', { Accept: 'text/plain' });
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1],
      );
    };
    const labels = (reader: string) => `{stream="user-events:{0}",reader="${reader}"}`;

    const ada = await user();
    await untilKnown(redis);
    await task(ada.id);
    await gateway.post('/tasks/tasks', { userId: '01890000-0000-7000-8000-000000000000', title: 'x' });
    t.is(await figure('user_checks_total{answered="locally"}'), 1);
    t.is(await figure('user_checks_total{answered="over_http"}'), 1);
    t.is(await figure(`stream_reader_lag_entries${labels('known-users')}`), 0);

    const release = await holdProjections(redis);
    await user();
    await user();
    t.is(await figure(`stream_reader_lag_entries${labels('known-users')}`), 2);
    t.true((await figure(`stream_reader_lag_seconds${labels('known-users')}`)) > 0);
    await release();
    await untilKnown(redis);
    t.is(await figure(`stream_reader_lag_entries${labels('known-users')}`), 0);

    await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed' }));
    await until(
      'it is a dead letter',
      async () => (await figure(`stream_reader_dead_letters${labels('cascade')}`)) === 1,
    );
    t.is(
      await figure(
        'stream_reader_events_total{stream="user-events:{0}",reader="cascade",event="dead_lettered"}',
      ),
      1,
    );
    await until(
      'nothing is pending',
      async () => (await figure(`stream_reader_pending${labels('cascade')}`)) === 0,
    );

    t.regex((await api(stack.urls.users).get('/metrics')).text, /^process_cpu_seconds_total /m);
    for (const path of ['/users/metrics', '/tasks/metrics', '/tasks/%6detrics', '/tasks//metrics']) {
      assertProblem(t, await gateway.get(path), 404, 'not_found');
    }
  });
});
