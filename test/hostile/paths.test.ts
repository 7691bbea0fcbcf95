import test from 'ava';
import { assertAnswer, assertCommon, type Expected } from './answer.ts';
import { worldUnderTest } from './world.ts';

// Paths and methods that try to be something else than they are.

const world = worldUnderTest(test);
const nobody = '01890000-0000-7000-8000-000000000000';
const notFound: Expected = [404, 'not_found'];
const noUser: Expected = [404, 'user_not_found'];
const noHttp: Expected = [400, 'bad_request'];

test('a path is read once, and leads nowhere but to its own service', async (t) => {
  const cases: [path: string, expected: Expected][] = [
    ['//', notFound],
    ['/users', notFound],
    ['/users/', notFound],
    ['/users/users', [405, 'method_not_allowed']],
    ['/users/users/', notFound],
    ['/USERS/health', notFound],
    ['/users/HEALTH', notFound],
    ['/users/health/', notFound],
    ['/users/health;x=1', notFound],
    ['/users;/health', notFound],
    ['//users//health', 200],
    ['/users/./health', 200],
    ['/users/../tasks/health', 200],
    ['/users/%2e%2e/tasks/health', 200],
    ['/users/..%2ftasks/health', 200],
    ['/users/%68ealth', 200],
    ['/users/%2568ealth', notFound],
    ['/users/..%252ftasks/health', notFound],
    ['/users\\..\\tasks\\health', notFound],
    ['/users/..;/tasks/health', notFound],
    ['/users/..', notFound],
    ['/..', noHttp],
    ['/../etc/passwd', noHttp],
    ['/users/../../etc/passwd', noHttp],
    ['/users/..%2f..%2fetc%2fpasswd', noHttp],
    ['/users/users/..%2f..%2f..%2fetc%2fpasswd', noHttp],
    ['/users/%00', noHttp],
    ['/users/users/%00', noHttp],
    ['/users/%zz', noHttp],
    ['/users/users/%c0%af', noUser],
    ['/users/users/%e0%80', noUser],
    ['/users/users/ä', noHttp],
    ['/users/users/a b', noHttp],
    ['/users/users/%0d%0aSet-Cookie:%20x=1', noUser],
    ['/users/users/{0}', noUser],
    ['/users/users/%7b0%7d', noUser],
    ['/users/users/*', noUser],
    ['/users/users/:', noUser],
    [`/users/users/user:{0}:${nobody}`, noUser],
    [`/users/users/${nobody}%20`, noUser],
    [`/users/users/${nobody}%0a`, noUser],
    [`/users/users/${nobody.toUpperCase()}`, noUser],
    [`/users/users/${'a'.repeat(300)}`, noUser],
    [`/users/users/${nobody}/tasks/`, notFound],
    [`/users/users/${nobody}/../${nobody}`, noUser],
    ['/users/users/__proto__', noUser],
    ['/users/users/constructor', noUser],
    [`/users/users/${nobody}?id=x&_method=DELETE`, noUser],
    ['/users/users/nobody#fragment', noUser],
    [`/users/${'a/'.repeat(2000)}`, notFound],
    [`/users/${'x'.repeat(9000)}`, [414, 'uri_too_long']],
    [`/users/health?${'x'.repeat(20_000)}`, [414, 'uri_too_long']],
    ['/problem', notFound],
    ['/users/../problem', notFound],
    ['/once/users/health', notFound],
    ['/once/users/users', notFound],
    ['/users/../once/users/health', notFound],
    ['/once', notFound],
  ];
  for (const [path, expected] of cases) {
    assertAnswer(t, await world.send({ path }), expected, `GET ${path.slice(0, 80)}`);
  }
});

test('the place for PUT and DELETE cannot be reached from outside', async (t) => {
  const user = await world.user();
  for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
    for (const path of [
      `/once/users/users/${user.id}`,
      `//once//users/users/${user.id}`,
      `/users/../once/users/users/${user.id}`,
    ]) {
      assertAnswer(t, await world.send({ method, path }), notFound, `${method} ${path}`);
    }
  }
  t.is((await world.gateway.get(`/users/users/${user.id}`)).status, 200);
});

test('metrics cannot be had at the gateway, however they are asked for', async (t) => {
  const paths = [
    '/metrics',
    '/users/metrics',
    '/users//metrics',
    '//users/metrics',
    '/users/./metrics',
    '/users/x/../metrics',
    '/tasks/../users/metrics',
    '/users/%6detrics',
    '/users/%2fmetrics',
    '/users%2fmetrics',
    '/users/%2e/metrics',
    '/users/..%2fusers%2fmetrics',
    '/users/metrics/',
    '/users/metrics/.',
    '/users/metrics%2f',
    '/users/metrics%20',
    '/users/metrics%0a',
    '/users/metrics%3f',
    '/users/metrics%23',
    '/users/metrics;x',
    '/users/metrics?x=1',
    '/users/metrics?',
    '/users/metrics#x',
    '/users/METRICS',
    '/users/Metrics',
    '/users/%256detrics',
    '/users/\\metrics',
    '/once/users/metrics',
    '/users/../once/users/metrics',
    'http://localhost/users/metrics',
    'http://127.0.0.1/users/%6detrics',
    'HTTP://evil//users//metrics',
  ];
  const users = paths.flatMap((path) => [path, path.replaceAll('users', 'tasks')]);
  for (const path of users) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await world.send({ method, path });
      assertCommon(t, answer, `${method} ${path}`);
      t.is(answer.status, 404, `${method} ${path}`);
      t.notRegex(answer.text, /process_cpu|# HELP/);
    }
  }
});

test('an address with a scheme and a host is read as its path, and the host is told to nobody', async (t) => {
  const cases: [path: string, expected: Expected][] = [
    ['http://evil.example/users/health', 200],
    ['http://evil.example/users/users/nobody', noUser],
    ['https://evil.example:99/tasks/health', 200],
    ['http://evil.example', notFound],
    ['ftp://evil.example/users/health', 200],
    ['evil.example/users/health', noHttp],
    ['*', noHttp],
    ['users/health', noHttp],
  ];
  for (const [path, expected] of cases) {
    const answer = await world.send({ path });
    assertAnswer(t, answer, expected, path);
    t.notRegex(JSON.stringify([...answer.headers]) + answer.text, /evil/, path);
  }
  const body = '{"name":"Ada","email":"ada@example.com"}';
  const created = await world.send({ method: 'POST', path: 'http://evil.example/users/users', body });
  assertAnswer(t, created, 201, 'a POST to an address with a host');
  t.regex(created.headers.get('location') ?? '', /^\/users\/users\/[0-9a-f-]{36}$/);
});

test('a method that a path does not have is refused with those it has, an unknown one altogether', async (t) => {
  const one = `/users/users/${nobody}`;
  const cases: [method: string, path: string, expected: Expected][] = [
    ['PUT', '/users/users', [405, 'method_not_allowed']],
    ['DELETE', '/tasks/tasks', [405, 'method_not_allowed']],
    ['PATCH', one, [405, 'method_not_allowed']],
    ['PROPFIND', one, [405, 'method_not_allowed']],
    ['MKCOL', one, [405, 'method_not_allowed']],
    ['LOCK', one, [405, 'method_not_allowed']],
    ['PUT', '/users/health', [405, 'method_not_allowed']],
    ['DELETE', '/health', [405, 'method_not_allowed']],
    ['TRACE', one, [405, 'method_not_allowed']],
    ['TRACE', '/', [405, 'method_not_allowed']],
    ['CONNECT', '/', [405, 'method_not_allowed']],
    ['FOO', one, [501, 'not_implemented']],
    ['GETGETGET', one, [501, 'not_implemented']],
    ['get', one, noHttp],
    ['G-T', one, [501, 'not_implemented']],
    ['Ä', one, noHttp],
    ['', one, noHttp],
  ];
  for (const [method, path, expected] of cases) {
    const answer = await world.send({ method, path });
    assertAnswer(t, answer, expected, `${method} ${path}`);
    if (answer.status === 405) t.regex(answer.headers.get('allow') ?? '', /^[A-Z]+(, [A-Z]+)*$/, method);
  }
  const options = await world.send({ method: 'OPTIONS', path: '*' });
  assertAnswer(t, options, noHttp, 'OPTIONS *');
});
