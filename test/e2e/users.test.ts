import test from 'ava';
import type { User } from 'shared-events';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem, errorPaths } from './problem.ts';

const gateway = gatewayUnderTest(test, 1);
const nobody = '01890000-0000-7000-8000-000000000000';
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('a created user is answered with 201, its document, Location and ETag', async (t) => {
  const answer = await gateway.api.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
  t.is(answer.status, 201);
  t.is(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  const user = answer.json<User>();
  t.deepEqual(Object.keys(user), ['id', 'name', 'email', 'createdAt', 'updatedAt']);
  t.regex(user.createdAt, iso);
  t.is(user.createdAt, user.updatedAt);
  t.is(answer.headers.get('location'), `/users/users/${user.id}`);
  t.regex(answer.headers.get('etag') ?? '', /^"\d+-\d+"$/);

  const read = await gateway.api.get(answer.headers.get('location') ?? '');
  t.is(read.status, 200);
  t.is(read.text, answer.text);
  t.is(read.headers.get('etag'), answer.headers.get('etag'));
});

test('a user is replaced by PUT and keeps id and createdAt', async (t) => {
  const user = await gateway.user();
  const path = `/users/users/${user.id}`;
  const answer = await gateway.api.put(path, { name: 'Grace', email: 'grace@example.com' });
  t.is(answer.status, 200);
  const { updatedAt, ...rest } = answer.json<User>();
  t.deepEqual(rest, {
    id: user.id,
    name: 'Grace',
    email: 'grace@example.com',
    createdAt: user.createdAt,
  });
  t.true(updatedAt >= user.updatedAt);
  t.is((await gateway.api.get(path)).text, answer.text);
});

test('a PUT that changes nothing leaves version and document as they are', async (t) => {
  const user = await gateway.user();
  const path = `/users/users/${user.id}`;
  const before = await gateway.api.get(path);
  const answer = await gateway.api.put(path, { name: user.name, email: user.email });
  t.is(answer.status, 200);
  t.is(answer.text, before.text);
  t.is(answer.headers.get('etag'), before.headers.get('etag'));
});

test('a deleted user is gone', async (t) => {
  const user = await gateway.user();
  const path = `/users/users/${user.id}`;
  const answer = await gateway.api.delete(path);
  t.is(answer.status, 204);
  t.is(answer.text, '');
  assertProblem(t, await gateway.api.get(path), 404, 'user_not_found');
  assertProblem(t, await gateway.api.get(`${path}/tasks`), 404, 'user_not_found');
  assertProblem(t, await gateway.api.put(path, { name: 'A', email: 'a@example.com' }), 404, 'user_not_found');
  assertProblem(t, await gateway.api.delete(path), 404, 'user_not_found');
});

test('a user nobody created is not found, whatever its id looks like', async (t) => {
  for (const id of [
    nobody,
    'nobody',
    '42',
    '{0}',
    '*',
    'a%2fb',
    '%00',
    '%c0%af',
    'a'.repeat(300),
    nobody.toUpperCase(),
  ]) {
    const answer = await gateway.api.get(`/users/users/${id}`);
    t.is(answer.status, id === '%00' ? 400 : 404, id);
  }
  assertProblem(t, await gateway.api.get(`/users/users/${nobody}`), 404, 'user_not_found');
});

test('a user with their tasks comes in one answer', async (t) => {
  const user = await gateway.user();
  t.deepEqual((await gateway.api.get(`/users/users/${user.id}/tasks`)).json(), { user, tasks: [] });
  const first = await gateway.task(user.id, { title: 'first' });
  const second = await gateway.task(user.id, { title: 'second' });
  const answer = await gateway.api.get(`/users/users/${user.id}/tasks`);
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  t.deepEqual(answer.json(), { user, tasks: [first, second] });
});

test('what a user may not be is refused with 422, naming each wrong member', async (t) => {
  const cases: [body: object, paths: string[]][] = [
    [{}, ['email', 'name']],
    [{ name: 'Ada' }, ['email']],
    [{ name: '', email: 'ada@example.com' }, ['name']],
    [{ name: '   ', email: 'ada@example.com' }, ['name']],
    [{ name: 'a'.repeat(201), email: 'ada@example.com' }, ['name']],
    [{ name: 42, email: 'ada@example.com' }, ['name']],
    [{ name: ['Ada'], email: 'ada@example.com' }, ['name']],
    [{ name: null, email: 'ada@example.com' }, ['name']],
    [{ name: 'Ada\nLovelace', email: 'ada@example.com' }, ['name']],
    [{ name: 'Ada\u0000', email: 'ada@example.com' }, ['name']],
    [{ name: 'Ada', email: 'not an address' }, ['email']],
    [{ name: 'Ada', email: 'ada' }, ['email']],
    [{ name: 'Ada', email: '' }, ['email']],
    [{ name: 'Ada', email: null }, ['email']],
    [{ name: 'Ada', email: true }, ['email']],
    [{ name: 'Ada', email: `${'a'.repeat(320)}@example.com` }, ['email']],
  ];
  const user = await gateway.user();
  for (const [body, paths] of cases) {
    for (const answer of [
      await gateway.api.post('/users/users', body),
      await gateway.api.put(`/users/users/${user.id}`, body),
    ]) {
      assertProblem(t, answer, 422, 'validation_failed');
      t.deepEqual([...new Set(errorPaths(answer))], paths, JSON.stringify(body));
    }
  }
  const lone = await gateway.api.request('POST', '/users/users', {
    body: '{"name":"\\ud800","email":"a@example.com"}',
    headers: { 'Content-Type': 'application/json' },
  });
  assertProblem(t, lone, 422, 'validation_failed');
});

test('names are taken as they are given, and counted in characters', async (t) => {
  for (const name of [
    'a'.repeat(200),
    '😀'.repeat(200),
    '  Ada  ',
    'Ada "Quote" \\ <script>',
    'Ünï ☃',
    '\u202eRTL',
  ]) {
    const user = await gateway.user({ name });
    t.is(user.name, name);
    t.is((await gateway.api.get(`/users/users/${user.id}`)).json<User>().name, name);
  }
});

test('unknown members are ignored', async (t) => {
  const user = await gateway.user({ id: nobody, role: 'admin', createdAt: 'never' });
  t.not(user.id, nobody);
  t.false('role' in user);
  t.regex(user.createdAt, iso);
});
