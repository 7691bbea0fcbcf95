import test from 'ava';
import { type RawEntry, readEntry } from 'shared-events';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { oldData, withOldData } from './data.ts';
import { nextProgram } from './next-program.ts';

// Programs whose contract is one version further, on data of before: see next-contract.ts.

const { people, documents, partitions } = oldData;

interface NextUser {
  name: string;
  nickname: string;
}
interface NextTask {
  id: string;
  status: string;
  mood: string;
}

test('with a required member more, what was written before is read, changed, deleted and replayed in the new shape', async (t) => {
  await withOldData(async ({ stack, redis, gateway, user, task }) => {
    const ada = `/users/users/${people.even}`;
    t.like((await gateway.get(ada)).json<NextUser>(), { name: 'Ada Lovelace', nickname: 'Ada Lovelace' });
    const view = await gateway.get(`${ada}/tasks`);
    const listed = view.json<{ user: NextUser; tasks: NextTask[] }>();
    t.is(listed.user.nickname, 'Ada Lovelace');
    t.deepEqual(
      listed.tasks.map(({ mood }) => mood),
      ['normal', 'normal'],
    );

    const [changes, goes] = listed.tasks as [NextTask, NextTask];
    const put = await gateway.put(`/tasks/tasks/${changes.id}`, { status: 'pending' });
    t.like(put.json<NextTask>(), { status: 'pending', mood: 'normal' });
    t.is((await gateway.put(`/tasks/tasks/${changes.id}`, { status: 'pending' })).text, put.text);
    t.is((await gateway.delete(`/tasks/tasks/${goes.id}`)).status, 204);
    t.is((await gateway.put(ada, { name: 'Ada', email: 'a@example.com' })).status, 200);
    t.is((await gateway.delete(`/users/users/${people.odd}`)).status, 204);
    await until(
      'the tasks of a user of before are gone',
      async () => (await gateway.get(`/tasks/tasks?userId=${people.odd}`)).text === '[]',
    );
    t.is(((await task((await user()).id)) as unknown as NextTask).mood, 'high');
    t.is(await redis.xlen('user-events:{1}:dead:cascade'), 1, 'no more dead letters than there were');

    const entries: RawEntry[] = [];
    for (let p = 0; p < partitions; p++) {
      for (const stream of ['user-events', 'task-events']) {
        entries.push(...(await redis.xrange(`${stream}:{${p}}`, '-', '+')));
      }
    }
    for (const { schema, data } of entries.map(readEntry).filter((entry) => entry.data !== '{}')) {
      t.is(schema, /"(nickname|mood)":/.test(data) ? 2 : 1, data);
    }
    const feed = await fetch(`${stack.urls.operator}/events/recent?limit=500`);
    const { events } = (await feed.json()) as { events: { specversion?: string; reason?: string }[] };
    t.is(events.length, entries.length);
    t.true(events.every(({ specversion, reason }) => specversion === '1.0' && reason === undefined));
  }, nextProgram);
});

test('with a required member more, a replay brings back what is, and nothing that was deleted or changed', async (t) => {
  await withOldData(async ({ stack, redis, gateway }) => {
    const replay = (...args: string[]) => startCommand('replay', stack, args, partitions, nextProgram).result;
    const [task] = documents.tasks.filter(({ document }) => document.userId === people.even);
    await gateway.put(`/tasks/tasks/${task?.document.id}`, { title: 'Changed' });
    await gateway.delete(`/users/users/${people.odd}`);
    await until(
      'the cascade has ended',
      async () => (await gateway.get(`/tasks/tasks?userId=${people.odd}`)).text === '[]',
    );
    const verified = await replay('all', '--verify');
    t.is(verified.output.match(/ 0 differences/g)?.length, 3, verified.output + verified.errors);
    const paths = [...documents.users, ...documents.tasks].map(({ document }) =>
      'userId' in document ? `/tasks/tasks/${document.id}` : `/users/users/${document.id}`,
    );
    const answers = async () =>
      Promise.all(
        paths.map(async (path) => {
          const { status, text, headers } = await gateway.get(path, { 'X-Request-Id': 'same' });
          return `${path} ${status} ${headers.get('etag')} ${text}`;
        }),
      );
    const before = await answers();
    await redis.del(...(await redis.keys('user:*')), ...(await redis.keys('task:*')));
    const replayed = await replay('all');
    t.is(replayed.output.match(/ not understood/g)?.length, 1, 'that of the dead letter');
    t.deepEqual(await answers(), before);
  }, nextProgram);
});
