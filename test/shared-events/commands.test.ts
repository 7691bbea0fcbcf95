import test from 'ava';
import { CloudEvent } from 'cloudevents';
import type { User } from 'shared-events';
import { startCommand } from '../stack/commands.ts';
import { freePort } from '../stack/ports.ts';
import { holdProjections, untilKnown } from '../stack/redis.ts';
import { until, untilTold } from '../stack/until.ts';
import { sharedStack, type World, withStack } from '../stack/world.ts';

// `npm run events`, as an operator uses it.

const shared = sharedStack(test);

const events = (...args: string[]) => startCommand('events', shared.stack, args).result;
const lines = async (...args: string[]) => (await events(...args)).output.trim().split('\n');

const poison = (redis: World['redis']) =>
  redis.xadd('user-events:{0}', '*', 'type', 'user.renamed', 'subject', 'x', 'data', '{}', 'schema', '1');

test.serial(
  'tail prints what is asked for, in order, readable or as CloudEvents, and goes on while it comes',
  async (t) => {
    const { stack, user, task, gateway, redis } = shared;
    const live = startCommand('events', stack, ['tail', '--json']);
    let seen = '';
    live.child.stdout.on('data', (chunk) => {
      seen += chunk;
    });
    await until(
      'tail waits for events',
      async () => ((await redis.client('LIST')) as string).match(/ cmd=xread /g)?.length === 2,
    );
    const ada = await user();
    const milk = await task(ada.id);
    await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed' });
    const all = await lines('tail', '--from', '0', '--no-follow');
    t.deepEqual(
      all.map((line) => line.split(/ +/)[1]),
      ['user.created', 'task.created', 'task.updated'],
    );
    t.true(all[0]?.includes(ada.id) && all[0].includes('ada@example.com'));
    t.is(
      (await lines('tail', '--from', '0', '--no-follow', '--type', 'task.created,task.deleted')).length,
      1,
    );
    t.is((await lines('tail', '--from', '0', '--no-follow', '--subject', milk.id)).length, 2);
    for (const line of await lines('tail', '--from', '0', '--no-follow', '--json')) {
      t.true(new CloudEvent(JSON.parse(line), true).validate());
    }
    await user();
    await until('the live one has seen the last', () => /user\.created/.test(seen));
    live.child.kill('SIGINT');
    await live.result;
  },
);

test.serial('show tells the life of a task, with what changed at each step', async (t) => {
  const { user, task, gateway } = shared;
  const { id } = await task((await user()).id, { title: 'Milk' });
  await gateway.put(`/tasks/tasks/${id}`, { title: 'Oat milk' });
  await gateway.delete(`/tasks/tasks/${id}`);
  const { output } = await events('show', id);
  t.regex(
    output,
    /task\.created[\s\S]*title: "Milk"[\s\S]*task\.updated[\s\S]*title: "Milk" → "Oat milk"[\s\S]*task\.deleted/,
  );
  t.notRegex(output, /status: .*→/);
  const nobody = await events('show', '01890000-0000-7000-8000-000000000000');
  t.is(nobody.code, 2);
  t.regex(nobody.errors, /^No event is about/);
});

test.serial(
  'a dead letter is listed with its reason, shown, put back before its group, and dropped',
  async (t) => {
    const { redis } = shared;
    t.deepEqual(await lines('dead-letters'), ['There are no dead letters.']);
    const origin = await poison(redis);
    await untilTold('it is a dead letter', async () => (await lines('dead-letters')).length === 2);
    const [, row = ''] = await lines('dead-letters', 'list', '--group', 'cascade');
    t.regex(
      row,
      new RegExp(`user-events:\\{0\\} +cascade +${origin} +1 +unknown_type +.*user.renamed is no event`),
    );
    const [id = ''] = row.split(' ');
    t.regex((await events('dead-letters', 'show', id)).output, /type: user\.renamed/);
    t.is((await events('dead-letters', 'requeue', id)).code, 0);
    await untilTold('it is a dead letter again', async () => {
      const [, again] = await lines('dead-letters');
      return again !== undefined && !again.startsWith(id);
    });
    t.regex((await events('dead-letters', 'drop', 'all')).output, /is dropped/);
    t.deepEqual(await lines('dead-letters'), ['There are no dead letters.']);
    for (const args of [['drop', '1-1'], ['show'], ['requeue', id]])
      t.is((await events('dead-letters', ...args)).code, 2);
  },
);

test.serial('lag is exact, also where entries were removed', async (t) => {
  const { user, redis } = shared;
  const row = async (reader: string) =>
    (await lines('lag')).find((line) => line.includes(reader))?.split(/ {2,}/);
  await user();
  await untilKnown(redis);
  t.is((await row('known-users'))?.[2], '0');
  const release = await holdProjections(redis);
  for (let n = 0; n < 5; n++) await user();
  const [first, second] = await redis.xrevrange('user-events:{0}', '+', '-', 'COUNT', 2);
  await redis.xdel('user-events:{0}', first?.[0] as string, second?.[0] as string);
  t.is((await row('known-users'))?.[2], '3');
  t.true(Number((await row('known-users'))?.[3]) >= 0);
  await release();
  await poison(redis);
  await untilTold('it is a dead letter', async () => (await row('group cascade'))?.[6] === '1');
  t.is((await row('group cascade'))?.[2], '0');
  t.is((await row('group cascade'))?.[4], '0');
});

test('compact removes what a replay does not need, nothing that is not passed, and a replay gives the same state', async (t) => {
  await withStack(async ({ stack, redis, gateway, user, task }) => {
    const compact = (...args: string[]) => startCommand('events', stack, ['compact', ...args]).result;
    const users: User[] = [];
    for (let n = 0; n < 20; n++) {
      const made = await user({ name: `User ${n}` });
      users.push(made);
      const { id } = await task(made.id);
      for (const status of ['in-progress', 'completed', 'pending'])
        await gateway.put(`/tasks/tasks/${id}`, { status });
      if (n % 4 === 0) await gateway.delete(`/users/users/${made.id}`);
    }
    const gone = users.filter((_, n) => n % 4 === 0);
    await until('the cascade is done', async () => {
      const keys = await redis.keys('*');
      return !gone.some(({ id }) => keys.some((key) => key.includes(id)));
    });
    await untilKnown(redis);
    const state = async () => {
      const keys = (await redis.keys('*')).filter((key) => /^(user|task):/.test(key)).sort();
      return Promise.all(keys.map(async (key) => `${key} ${await redis.get(key)}`));
    };
    const before = await state();
    const lengths = async () => [await redis.xlen('user-events:{0}'), await redis.xlen('task-events:{0}')];
    t.deepEqual(await lengths(), [25, 85]);

    t.regex((await compact('--older-than', '30d')).output, /removed 0 superseded updates and 0 entries/);
    t.is((await compact('--older-than', '0s', '--dry-run')).code, 0);
    t.deepEqual(await lengths(), [25, 85]);

    const release = await holdProjections(redis);
    const late = await user();
    await gateway.delete(`/users/users/${late.id}`);
    await until('the clock has moved on', async () => {
      const [last] = await redis.xrevrange('user-events:{0}', '+', '-', 'COUNT', 1);
      return Number((await redis.time())[0]) * 1000 > Number.parseInt(last?.[0] ?? '', 10);
    });
    t.is((await compact('--older-than', '0s')).code, 0);
    t.deepEqual(await lengths(), [17, 30], 'what known-users has not passed is still there');
    await release();
    await untilKnown(redis);
    await redis.del(
      ...(await redis.keys('*')).filter((key) => /^(user|task|tasks-of|known-users):/.test(key)),
    );
    t.is((await startCommand('replay', stack, ['all']).result).code, 0);
    t.deepEqual(await state(), before);
  });
});

test.serial('a wrong command or option gets one line that says so, and --help teaches', async (t) => {
  for (const [args, message] of [
    [['nonsense'], /^There is no nonsense\./],
    [['tail', '--from', 'never'], /^--from never: give an entry id/],
    [['compact'], /^Say with --older-than/],
    [['compact', '--older-than', 'long'], /^Say with --older-than/],
    [['show'], /^Say whose life to show/],
    [['show', 'x'], /^x is not the id of a document\.$/m],
    [['tail', '--type', 'task.made'], /^--type task\.made: there are user\.created, .*task\.deleted\.$/m],
    [['lag', '--loud'], /^Unknown option '--loud'\. --help tells what there is\.$/m],
  ] as [string[], RegExp][]) {
    const { code, errors } = await events(...args);
    t.is(code, 2);
    t.regex(errors, message);
  }
  const nowhere = startCommand('events', { ports: { redis: await freePort() } }, ['lag']);
  t.regex((await nowhere.result).errors, /^connect ECONNREFUSED \S+: is Redis running there\?$/m);
  t.regex((await events('--help')).output, /npm run events -- dead-letters requeue ID/);
});
