import test from 'ava';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// A Redis whose memory is full: writes are refused, and operators can look, and free some.

test('on a full Redis operators can look at everything and compact, and the services say that writes are refused', async (t) => {
  await withStack(async ({ stack, redis, gateway, user }) => {
    const { id } = await user();
    for (const name of ['one', 'two'])
      await gateway.put(`/users/users/${id}`, { name, email: 'a@example.com' });
    const [last] = await redis.xrevrange('user-events:{0}', '+', '-', 'COUNT', 1);
    await until('all is read, and old', async () => {
      const [now] = await redis.time();
      const positions = await redis.hget('user-events:{0}:positions', 'known-users');
      const settled = await redis.get('user-events:{0}:checkpoint:cascade');
      const isOld = Number(now) * 1000 > Number.parseInt(last?.[0] ?? '', 10);
      return isOld && positions === last?.[0] && settled === last?.[0];
    });
    await redis.config('SET', 'maxmemory', '1');
    t.is((await gateway.put(`/users/users/${id}`, { name: 'x', email: 'a@example.com' })).status, 503);
    for (const path of ['/users/ready', '/tasks/ready']) {
      const answer = await gateway.get(path);
      t.is(answer.status, 503);
      t.regex(answer.text, /writes to redis/);
    }
    t.is((await gateway.get(`/users/users/${id}`)).status, 200);
    for (const path of ['/readers', '/dead-letters', '/metrics/tasks']) {
      t.is((await fetch(stack.urls.operator + path)).status, 200, path);
    }
    const figures = await (await fetch(`${stack.urls.operator}/metrics/tasks`)).text();
    t.regex(figures, /stream_reader_lag_entries\{/);

    const run = async (name: 'events' | 'replay', ...args: string[]) => {
      const { code, output, errors } = await startCommand(name, stack, args).result;
      t.is(code, 0, `${args.join(' ')}: ${errors}`);
      return output;
    };
    t.regex(await run('events', 'lag'), /projection known-users +0/);
    await run('events', 'dead-letters');
    t.is((await run('replay', 'all', '--verify')).match(/ 0 differences/g)?.length, 3);
    t.regex(await run('events', 'compact', '--older-than', '0s'), /user-events:\{0\}: removed 1 superseded/);
    t.is(await redis.xlen('user-events:{0}'), 2);
    await redis.config('SET', 'maxmemory', '0');
    t.is((await gateway.get('/users/ready')).status, 200);
  });
});

test('a reader that is far behind is told of at the same cost: more than a thousand', async (t) => {
  await withStack(async ({ stack, redis }) => {
    const pipeline = redis.pipeline();
    for (let n = 0; n < 1500; n++) pipeline.xadd('task-events:{0}', '*', 'n', n);
    await pipeline.exec();
    await redis.xgroup('CREATE', 'task-events:{0}', 'forgotten', '0');
    const { output } = await startCommand('events', stack, ['lag']).result;
    t.regex(output, /group forgotten +>1000 /);
    const readers = (await (await fetch(`${stack.urls.operator}/readers`)).json()) as {
      readers: { name: string; lag: object }[];
    };
    t.like(readers.readers.find(({ name }) => name === 'forgotten')?.lag, { entries: 1000, isMore: true });
  });
});
