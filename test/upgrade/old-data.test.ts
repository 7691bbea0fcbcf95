import test from 'ava';
import { taskEvents, userEvents } from 'shared-events';
import { positionsKey } from 'shared-events/streams';
import { startCommand } from '../stack/commands.ts';
import { oldData, withOldData } from './data.ts';

// Today's programs on data of before: they serve it, go on where the readers were, and find nothing wrong.

const { people, documents, partitions } = oldData;

test('what was written before is served to the byte, listed, changed and deleted', async (t) => {
  await withOldData(async ({ gateway }) => {
    const tasks = documents.tasks.filter(({ document }) => document.userId !== people.leaving);
    const paths = [
      ...tasks.map((kept) => ({ ...kept, path: `/tasks/tasks/${kept.document.id}` })),
      ...documents.users.map((kept) => ({ ...kept, path: `/users/users/${kept.document.id}` })),
    ];
    for (const { path, document, etag } of paths) {
      const answer = await gateway.get(path);
      t.is(answer.text, JSON.stringify(document));
      t.is(answer.headers.get('etag'), `"${etag}"`);
    }
    const own = tasks.filter(({ document }) => document.userId === people.even);
    const listed = await gateway.get(`/users/users/${people.even}/tasks`);
    t.deepEqual(
      listed.json<{ tasks: unknown[] }>().tasks,
      own.map(({ document }) => document),
    );
    for (const { path } of paths) {
      const body = path.startsWith('/users') ? { name: 'New', email: 'n@example.com' } : { title: 'New' };
      t.is((await gateway.put(path, body)).status, 200);
      t.is((await gateway.delete(path)).status, 204);
      t.is((await gateway.get(path)).status, 404);
    }
  });
});

test('the readers go on where they were, and a verification finds no difference', async (t) => {
  await withOldData(async ({ stack, redis, gateway, task }) => {
    t.is((await task(people.late)).userId, people.late);
    t.is((await gateway.post('/tasks/tasks', { userId: people.gone, title: 'x' })).status, 400);
    for (let p = 0; p < partitions; p++) {
      const stream = userEvents.key(p);
      const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
      t.deepEqual(await redis.hgetall(positionsKey(stream)), { 'known-users': last?.[0] });
    }
    const figures = await (await fetch(`${stack.urls.tasks}/metrics`)).text();
    const applied = [...figures.matchAll(/reader="known-users",event="applied"\} (\d+)/g)];
    const since = documents.users.filter(({ document }) => document.name === 'Late').length + 1;
    t.is(
      applied.reduce((sum, [, count]) => sum + Number(count), 0),
      since,
      'nothing was applied again',
    );
    t.is(await redis.xlen(`${userEvents.key(1)}:dead:cascade`), 1, 'the dead letter is still the one');
    const deleted = (await redis.xrange(taskEvents.key(1), '-', '+')).filter(([, fields]) =>
      fields.includes('task.deleted'),
    );
    t.is(new Set(deleted.map(([, fields]) => fields[3])).size, deleted.length, 'no task is deleted twice');

    const { code, output } = await startCommand('replay', stack, ['all', '--verify'], partitions).result;
    t.is(code, 1, 'one entry, of a dead letter, cannot be understood');
    t.regex(output, /users: .* 0 differences, 1 not understood/);
    t.is(output.match(/ 0 differences/g)?.length, 3, output);
  });
});
