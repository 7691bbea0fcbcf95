import test from 'ava';
import type { Task } from 'shared-events';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem } from './problem.ts';

const gateway = gatewayUnderTest(test, 1);

/** One document of each kind, with a change of it; the task is another user's, so that neither goes with the other. */
async function documents() {
  const user = await gateway.user();
  const owner = await gateway.user();
  const task = await gateway.task(owner.id);
  return [
    {
      path: `/users/users/${user.id}`,
      change: { name: 'Grace', email: 'grace@example.com' },
      other: { name: 'Eve', email: 'eve@example.com' },
    },
    { path: `/tasks/tasks/${task.id}`, change: { title: 'Grace' }, other: { title: 'Eve' } },
  ];
}

const etagOf = async (path: string) => (await gateway.api.get(path)).headers.get('etag') ?? '';

test('a read with If-None-Match is answered 304 while the version holds, and whole after', async (t) => {
  for (const { path, change } of await documents()) {
    const etag = await etagOf(path);
    for (const header of [etag, `W/${etag}`, `"1-1", ${etag}`, '*']) {
      const answer = await gateway.api.get(path, { 'If-None-Match': header });
      t.is(answer.status, 304, header);
      t.is(answer.text, '');
      t.is(answer.headers.get('etag'), etag);
    }
    await gateway.api.put(path, change);
    t.is((await gateway.api.get(path, { 'If-None-Match': etag })).status, 200);
    t.not(await etagOf(path), etag);
  }
});

test('a change with If-Match is made only from that version', async (t) => {
  for (const { path, change, other } of await documents()) {
    const etag = await etagOf(path);
    t.is((await gateway.api.put(path, change, { 'If-Match': etag })).status, 200);
    const now = await etagOf(path);
    for (const stale of [etag, `W/${now}`, '"nonsense"', 'nonsense']) {
      assertProblem(t, await gateway.api.put(path, other, { 'If-Match': stale }), 412, 'precondition_failed');
      assertProblem(t, await gateway.api.delete(path, { 'If-Match': stale }), 412, 'precondition_failed');
    }
    t.is(await etagOf(path), now, 'nothing was written');
    t.is((await gateway.api.put(path, other, { 'If-Match': `${etag}, ${now}` })).status, 200);
    t.is((await gateway.api.delete(path, { 'If-Match': '*' })).status, 204);
    assertProblem(
      t,
      await gateway.api.delete(path, { 'If-Match': '*' }),
      404,
      path.startsWith('/users') ? 'user_not_found' : 'task_not_found',
    );
  }
});

test('of many changes made from one version, exactly one is made', async (t) => {
  for (const { path } of await documents()) {
    const etag = await etagOf(path);
    const body = (n: number) =>
      path.startsWith('/users') ? { name: `User ${n}`, email: 'ada@example.com' } : { title: `Task ${n}` };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => gateway.api.put(path, body(n), { 'If-Match': etag })),
    );
    t.is(answers.filter(({ status }) => status === 200).length, 1);
    t.is(answers.filter(({ status }) => status === 412).length, 19);
  }
});

test('changes of different members at once are all kept', async (t) => {
  const user = await gateway.user();
  for (let round = 0; round < 20; round++) {
    const task = await gateway.task(user.id);
    const path = `/tasks/tasks/${task.id}`;
    const changes = [{ title: `Title ${round}` }, { description: `Text ${round}` }, { status: 'completed' }];
    const answers = await Promise.all(changes.map((change) => gateway.api.put(path, change)));
    t.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    t.like((await gateway.api.get(path)).json<Task>(), Object.assign({}, ...changes));
    t.is(new Set(answers.map(({ headers }) => headers.get('etag'))).size, 3, 'each has a version of its own');
  }
});
