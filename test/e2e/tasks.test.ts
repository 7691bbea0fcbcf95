import test from 'ava';
import type { Task } from 'shared-events';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem, errorPaths } from './problem.ts';

const gateway = gatewayUnderTest(test, 64);
const nobody = '01890000-0000-7000-8000-000000000000';

test('a created task is answered with 201, its document, Location and ETag', async (t) => {
  const user = await gateway.user();
  const input = { userId: user.id, title: 'Buy milk', description: '2% organic', status: 'in-progress' };
  const answer = await gateway.api.post('/tasks/tasks', input);
  t.is(answer.status, 201);
  const task = answer.json<Task>();
  t.like(task, input);
  t.deepEqual(Object.keys(task), [
    'id',
    'userId',
    'title',
    'description',
    'status',
    'createdAt',
    'updatedAt',
  ]);
  t.is(task.createdAt, task.updatedAt);
  t.is(task.id.slice(-4), user.id.slice(-4), 'a task is routed as its user is');
  t.is(answer.headers.get('location'), `/tasks/tasks/${task.id}`);

  const read = await gateway.api.get(answer.headers.get('location') ?? '');
  t.is(read.status, 200);
  t.is(read.text, answer.text);
  t.is(read.headers.get('etag'), answer.headers.get('etag'));
});

test('a task is pending and has no description where none is given', async (t) => {
  const user = await gateway.user();
  t.like(await gateway.task(user.id), { status: 'pending', description: null });
  t.like(await gateway.task(user.id, { description: null }), { description: null });
});

test('a PUT changes what it names and nothing else', async (t) => {
  const user = await gateway.user();
  const task = await gateway.task(user.id, { description: 'soon' });
  const path = `/tasks/tasks/${task.id}`;
  const changes = [
    { status: 'completed' },
    { title: 'Buy oat milk' },
    { description: 'line one\n\tline two' },
    { description: null },
    { status: 'pending', title: 'Again', userId: nobody, id: nobody },
  ];
  let expected: object = task;
  for (const change of changes) {
    const answer = await gateway.api.put(path, change);
    t.is(answer.status, 200);
    const { updatedAt } = answer.json<Task>();
    expected = { ...expected, ...change, userId: user.id, id: task.id, updatedAt };
    t.deepEqual(answer.json(), expected);
    t.is((await gateway.api.get(path)).text, answer.text);
  }
});

test('a PUT that changes nothing leaves version and document as they are', async (t) => {
  const user = await gateway.user();
  const task = await gateway.task(user.id);
  const path = `/tasks/tasks/${task.id}`;
  const before = await gateway.api.get(path);
  for (const body of [{}, { title: task.title }, { status: 'pending', description: null }, { unknown: 1 }]) {
    const answer = await gateway.api.put(path, body);
    t.is(answer.status, 200);
    t.is(answer.text, before.text);
    t.is(answer.headers.get('etag'), before.headers.get('etag'));
  }
});

test('a deleted task is gone, from the list as well', async (t) => {
  const user = await gateway.user();
  const task = await gateway.task(user.id);
  const path = `/tasks/tasks/${task.id}`;
  t.is((await gateway.api.delete(path)).status, 204);
  assertProblem(t, await gateway.api.get(path), 404, 'task_not_found');
  assertProblem(t, await gateway.api.put(path, { title: 'x' }), 404, 'task_not_found');
  assertProblem(t, await gateway.api.delete(path), 404, 'task_not_found');
  t.deepEqual((await gateway.api.get(`/tasks/tasks?userId=${user.id}`)).json(), []);
  t.deepEqual((await gateway.api.get(`/tasks/tasks?userId=${user.id}&status=pending`)).json(), []);
});

test('a task nobody created is not found, whatever its id looks like', async (t) => {
  for (const id of [nobody, '42', '{0}', 'x'.repeat(300)]) {
    assertProblem(t, await gateway.api.get(`/tasks/tasks/${id}`), 404, 'task_not_found');
    assertProblem(t, await gateway.api.delete(`/tasks/tasks/${id}`), 404, 'task_not_found');
  }
});

test('a task for an unknown user is refused with 400', async (t) => {
  for (const userId of [nobody, 'nobody', '{0}', ' ', nobody.toUpperCase()]) {
    const answer = await gateway.api.post('/tasks/tasks', { userId, title: 'Buy milk' });
    assertProblem(t, answer, 400, 'unknown_user');
  }
});

test('what a task may not be is refused with 422, naming each wrong member', async (t) => {
  const user = await gateway.user();
  const { id } = await gateway.task(user.id);
  const whole: [body: object, paths: string[]][] = [
    [{}, ['title', 'userId']],
    [{ userId: 42, title: 'x' }, ['userId']],
    [{ userId: '', title: 'x' }, ['userId']],
    [{ userId: null, title: 'x' }, ['userId']],
    [{ userId: user.id }, ['title']],
  ];
  const either: [body: object, paths: string[]][] = [
    [{ title: '' }, ['title']],
    [{ title: '\t ' }, ['title']],
    [{ title: null }, ['title']],
    [{ title: 'a'.repeat(201) }, ['title']],
    [{ title: 'two\nlines' }, ['title']],
    [{ title: true }, ['title']],
    [{ description: 42 }, ['description']],
    [{ description: 'a'.repeat(10_001) }, ['description']],
    [{ description: 'bell\u0007' }, ['description']],
    [{ status: 'done' }, ['status']],
    [{ status: null }, ['status']],
    [{ status: ['pending'] }, ['status']],
    [{ title: '', status: 'x', description: 1 }, ['description', 'status', 'title']],
  ];
  const unique = (paths: string[]) => [...new Set(paths)];
  for (const [body, paths] of whole) {
    const answer = await gateway.api.post('/tasks/tasks', body);
    assertProblem(t, answer, 422, 'validation_failed');
    t.deepEqual(unique(errorPaths(answer)), paths, JSON.stringify(body));
  }
  for (const [body, paths] of either) {
    for (const answer of [
      await gateway.api.post('/tasks/tasks', { userId: user.id, title: 'x', ...body }),
      await gateway.api.put(`/tasks/tasks/${id}`, body),
    ]) {
      assertProblem(t, answer, 422, 'validation_failed');
      t.deepEqual(unique(errorPaths(answer)), paths, JSON.stringify(body));
    }
  }
  t.is(
    (await gateway.api.get(`/tasks/tasks?userId=${user.id}`)).json<Task[]>().length,
    1,
    'nothing was written',
  );
});
