import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { readAnswer } from '../hostile/wire.ts';
import type { Answer } from '../stack/api.ts';
import { undocumented } from './documented.ts';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem } from './problem.ts';

const gateway = gatewayUnderTest(test, 1);
const body = '{"name":"Ada","email":"ada@example.com"}';
const json = { 'Content-Type': 'application/json' };

const post = (content: string | Uint8Array, headers: Record<string, string>) =>
  gateway.api.request('POST', '/users/users', { body: content, headers });

/** Sends bytes as they are and gives the one answer to them. The gateway ends the connection. */
async function raw(bytes: string): Promise<Answer> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port) || 80, hostname);
  socket.setTimeout(5000, () => socket.destroy(new Error('no answer within 5 s')));
  socket.end(bytes);
  return readAnswer(await text(socket.setEncoding('latin1')));
}

test('health is 200 at the gateway and at both services, and both are ready', async (t) => {
  for (const path of ['/health', '/users/health', '/tasks/health']) {
    const answer = await gateway.api.get(path);
    t.is(answer.status, 200);
    t.is(answer.text, '{"status":"healthy"}');
    t.truthy(answer.headers.get('x-request-id'));
  }
  for (const path of ['/users/ready', '/tasks/ready']) t.is((await gateway.api.get(path)).status, 200);
});

test('a body that is no JSON object is refused with 400', async (t) => {
  for (const content of ['{"name":', '{name:"Ada"}', 'nonsense', '{"a":1,}', '{"a":NaN}', '']) {
    assertProblem(t, await post(content, json), 400, 'malformed_json');
  }
  for (const content of ['[]', '"text"', '42', 'null', 'true', '['.repeat(100) + ']'.repeat(100)]) {
    assertProblem(t, await post(content, json), 400, 'body_not_an_object');
  }
  const invalid = Buffer.concat([Buffer.from('{"name":"A'), Buffer.from([0xff]), Buffer.from('"}')]);
  assertProblem(t, await post(invalid, json), 400, 'malformed_json');
  assertProblem(t, await post('['.repeat(60_000), json), 400, 'malformed_json');
  t.is((await post(body.replace('}', ',"__proto__":{"x":1}}'), json)).status, 201, 'an unknown member');
});

test('a body of another media type, compressed, or without one is refused with 415', async (t) => {
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/vnd.api+json',
    'application/jsonx',
  ];
  for (const type of types) {
    assertProblem(t, await post(body, { 'Content-Type': type }), 415, 'unsupported_media_type');
  }
  assertProblem(t, await post(body, { ...json, 'Content-Encoding': 'gzip' }), 415, 'unsupported_media_type');
  assertProblem(t, await post(Buffer.from(body), {}), 415, 'unsupported_media_type');
  for (const type of [
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON',
  ]) {
    t.is((await post(body, { 'Content-Type': type })).status, 201, type);
  }
});

test('a body of 64 KiB is taken, a larger one refused with 413', async (t) => {
  const filled = (size: number) => body.replace('}', `,"x":"${'x'.repeat(size - body.length - 7)}"}`);
  t.is(Buffer.byteLength(filled(65_536)), 65_536);
  t.is((await post(filled(65_536), json)).status, 201);
  assertProblem(t, await post(filled(65_537), json), 413, 'body_too_large');
  assertProblem(t, await post(filled(1_000_000), json), 413, 'body_too_large');
});

test('only JSON is offered: another Accept is 406', async (t) => {
  const user = await gateway.user();
  for (const Accept of ['text/html', 'application/xml, text/*;q=0.5', 'application/json;q=0']) {
    assertProblem(t, await gateway.api.get(`/users/users/${user.id}`, { Accept }), 406, 'not_acceptable');
  }
  for (const Accept of ['application/json', '*/*', 'text/html, application/*;q=0.1']) {
    t.is((await gateway.api.get(`/users/users/${user.id}`, { Accept })).status, 200);
  }
});

test('an unknown path is 404, a known one with another method 405 with Allow', async (t) => {
  for (const path of [
    '/',
    '/users',
    '/tasks',
    '/nowhere',
    '/users/',
    '/users/nowhere',
    '/users/users/',
    '/tasks/tasks/a/b',
    '/USERS/users',
    '/problem',
  ]) {
    assertProblem(t, await gateway.api.get(path), 404, 'not_found');
  }
  const id = '01890000-0000-7000-8000-000000000000';
  const known: [path: string, method: string, allow: string[]][] = [
    ['/users/users', 'GET', ['POST']],
    ['/users/users', 'PATCH', ['POST']],
    [`/users/users/${id}`, 'POST', ['DELETE', 'GET', 'HEAD', 'PUT']],
    [`/users/users/${id}`, 'PROPFIND', ['DELETE', 'GET', 'HEAD', 'PUT']],
    [`/users/users/${id}/tasks`, 'DELETE', ['GET', 'HEAD']],
    ['/tasks/tasks', 'DELETE', ['GET', 'HEAD', 'POST']],
    [`/tasks/tasks/${id}`, 'POST', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/users/health', 'POST', ['GET', 'HEAD']],
    ['/health', 'POST', ['GET', 'HEAD']],
  ];
  for (const [path, method, allow] of known) {
    const answer = await gateway.api.request(method, path);
    assertProblem(t, answer, 405, 'method_not_allowed');
    t.deepEqual(answer.headers.get('allow')?.split(', ').sort(), allow, `${method} ${path}`);
  }
});

test('OPTIONS tells the methods of a path', async (t) => {
  const answer = await gateway.api.request('OPTIONS', '/users/users');
  t.is(answer.status, 204);
  t.is(answer.headers.get('allow'), 'POST');
});

test('HEAD answers as GET does, without a body', async (t) => {
  const user = await gateway.user();
  await gateway.task(user.id);
  for (const path of [
    '/health',
    '/users/health',
    `/users/users/${user.id}`,
    `/users/users/${user.id}/tasks`,
    `/tasks/tasks?userId=${user.id}`,
    '/users/users/nobody',
  ]) {
    const [head, get] = [await gateway.api.request('HEAD', path), await gateway.api.get(path)];
    t.is(head.status, get.status, path);
    t.is(head.text, '');
    t.is(head.headers.get('etag'), get.headers.get('etag'));
    t.is(head.headers.get('content-type'), get.headers.get('content-type'));
  }
});

test('a request id and a trace are taken from the request or made, and always answered', async (t) => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  for (const path of ['/health', '/nowhere', '/users/health', '/users/users/nobody', '/tasks/tasks']) {
    const given = await gateway.api.get(path, { 'X-Request-Id': 'my-request.1', traceparent: trace });
    t.is(given.headers.get('x-request-id'), 'my-request.1', path);
    t.is(given.headers.get('traceparent'), trace, path);
    if (given.status >= 400) t.is(given.json<{ requestId: string }>().requestId, 'my-request.1');

    const bad = { 'X-Request-Id': 'two words "quoted"', traceparent: trace.replace('00-', 'ff-') };
    for (const answer of [await gateway.api.get(path), await gateway.api.get(path, bad)]) {
      t.regex(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{32,36}$/, path);
      t.regex(answer.headers.get('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, path);
    }
  }
  const long = await gateway.api.get('/users/health', { 'X-Request-Id': 'x'.repeat(129) });
  t.not(long.headers.get('x-request-id')?.length, 129);
});

test('a request that is no HTTP, or too large in its head, is answered as a problem too', async (t) => {
  const cases: [bytes: string, status: number, code: string][] = [
    ['NONSENSE\r\n\r\n', 400, 'bad_request'],
    ['GET /users/%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'bad_request'],
    ['GET /health HTTP/1.1\r\n\r\n', 400, 'bad_request'],
    ['GET /health HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n', 505, 'http_version_not_supported'],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'uri_too_long'],
    [`GET /health HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [
      'POST /users/users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'bad_request',
    ],
    ['TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405, 'method_not_allowed'],
  ];
  for (const [bytes, status, code] of cases) {
    const answer = await raw(bytes);
    assertProblem(t, answer, status, code);
    t.deepEqual(undocumented('', '', answer), [], bytes.slice(0, 60));
  }
});

test('a method that is no HTTP method is answered as a problem too', async (t) => {
  const foo = await gateway.api.request('FOO', '/users/users').catch((error: unknown) => error);
  t.like(foo, { status: 501 });
  assertProblem(t, foo as Answer, 501, 'not_implemented');
});

test('no answer names the software or its version', async (t) => {
  for (const path of ['/health', '/nowhere', '/users/health', '/users/users/nobody']) {
    const { headers } = await gateway.api.get(path);
    t.regex(headers.get('server') ?? '', /^(nginx)?$/);
    t.is(headers.get('x-powered-by'), null);
  }
});
