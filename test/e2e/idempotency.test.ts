import { randomUUID } from 'node:crypto';
import test from 'ava';
import type { Task, User } from 'shared-events';
import { until } from '../stack/until.ts';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem } from './problem.ts';

const gateway = gatewayUnderTest(test, 16);
const body = { name: 'Ada', email: 'ada@example.com' };

test('a creation sent again with its Idempotency-Key gives the same answer and creates nothing', async (t) => {
  const user = await gateway.user();
  const creations: [path: string, body: object][] = [
    ['/users/users', body],
    ['/tasks/tasks', { userId: user.id, title: 'Buy milk' }],
  ];
  for (const [path, json] of creations) {
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await gateway.api.post(path, json, headers);
    t.is(first.status, 201);
    const again = await gateway.api.post(path, { ...json, ignored: true }, headers);
    t.is(again.status, 201);
    t.is(again.text, first.text);
    t.is(again.headers.get('etag'), first.headers.get('etag'));
    t.is(again.headers.get('location'), first.headers.get('location'));
  }
  t.is((await gateway.api.get(`/tasks/tasks?userId=${user.id}`)).json<Task[]>().length, 1);
});

test('sent many times at once, it creates once', async (t) => {
  const user = await gateway.user();
  for (let round = 0; round < 10; round++) {
    const headers = { 'Idempotency-Key': `round ${round} of ${user.id}` };
    const send = () =>
      gateway.api.post('/tasks/tasks', { userId: user.id, title: `Round ${round}` }, headers);
    const answers = await Promise.all(Array.from({ length: 10 }, send));
    t.is(new Set(answers.map(({ status, text }) => status + text)).size, 1);
    const users = await Promise.all(
      Array.from({ length: 10 }, () => gateway.api.post('/users/users', body, headers)),
    );
    t.is(new Set(users.map(({ status, text }) => status + text)).size, 1);
  }
  t.is((await gateway.api.get(`/tasks/tasks?userId=${user.id}`)).json<Task[]>().length, 10);
});

test('the answer stays the same when the document has changed or is gone', async (t) => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const first = await gateway.api.post('/users/users', body, headers);
  const path = first.headers.get('location') ?? '';
  await gateway.api.put(path, { ...body, name: 'Grace' });
  t.is((await gateway.api.post('/users/users', body, headers)).text, first.text);
  await gateway.api.delete(path);
  t.is((await gateway.api.post('/users/users', body, headers)).text, first.text);
  t.is((await gateway.api.get(path)).status, 404);
});

test('the same key with another body is refused with 422', async (t) => {
  const headers = { 'Idempotency-Key': randomUUID() };
  await gateway.api.post('/users/users', body, headers);
  assertProblem(
    t,
    await gateway.api.post('/users/users', { ...body, name: 'Eve' }, headers),
    422,
    'idempotency_key_reused',
  );
  const { id } = await gateway.user();
  const task = { userId: id, title: 'x' };
  t.is((await gateway.api.post('/tasks/tasks', task, headers)).status, 201);
  const odd = [{ title: 'y' }, { description: '' }, { status: 'completed' }];
  for (const other of odd) {
    const answer = await gateway.api.post('/tasks/tasks', { ...task, ...other }, headers);
    assertProblem(t, answer, 422, 'idempotency_key_reused');
  }
  t.is((await gateway.api.get(`/tasks/tasks?userId=${id}`)).json<Task[]>().length, 1);
});

test('a task that names what it could leave out has the same body', async (t) => {
  const { id } = await gateway.user();
  const headers = { 'Idempotency-Key': randomUUID() };
  const first = await gateway.api.post('/tasks/tasks', { userId: id, title: 'x' }, headers);
  const named = { status: 'pending', description: null, title: 'x', userId: id };
  t.is((await gateway.api.post('/tasks/tasks', named, headers)).text, first.text);
});

test('a key of a task is remembered for its user: with another it is another key', async (t) => {
  for (let round = 0; round < 10; round++) {
    const headers = { 'Idempotency-Key': randomUUID() };
    const owners = [await gateway.user(), await gateway.user()];
    for (const { id } of [...owners, ...owners]) {
      t.is((await gateway.api.post('/tasks/tasks', { userId: id, title: 'x' }, headers)).status, 201);
    }
    for (const { id } of owners) {
      t.is((await gateway.api.get(`/tasks/tasks?userId=${id}`)).json<Task[]>().length, 1);
    }
  }
});

test('the deletion of one user takes no key from another', async (t) => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const [goes, stays] = [await gateway.user(), await gateway.user()];
  const send = (userId: string) => gateway.api.post('/tasks/tasks', { userId, title: 'x' }, headers);
  await send(goes.id);
  const first = await send(stays.id);
  await gateway.api.delete(`/users/users/${goes.id}`);
  await until(
    'the tasks of the deleted one are gone',
    async () => (await gateway.api.get(`/tasks/tasks?userId=${goes.id}`)).text === '[]',
  );
  t.is((await send(stays.id)).text, first.text);
  t.is((await gateway.api.get(`/tasks/tasks?userId=${stays.id}`)).json<Task[]>().length, 1);
});

test('a key used for a user and for a task are two keys', async (t) => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const user = (await gateway.api.post('/users/users', body, headers)).json<User>();
  t.is((await gateway.api.post('/tasks/tasks', { userId: user.id, title: 'x' }, headers)).status, 201);
});

test('a key that is empty or too long is refused', async (t) => {
  for (const value of ['', 'k'.repeat(256)]) {
    const answer = await gateway.api.post('/users/users', body, { 'Idempotency-Key': value });
    assertProblem(t, answer, 400, 'invalid_idempotency_key');
  }
});
