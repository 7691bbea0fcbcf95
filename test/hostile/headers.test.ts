import test from 'ava';
import { assertAnswer, type Expected } from './answer.ts';
import type { WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// Headers that are too many, too large, forged, or mean to be something else.

const world = worldUnderTest(test);
const body = '{"name":"Ada","email":"ada@example.com"}';
const noHttp: Expected = [400, 'bad_request'];
const tooLarge: Expected = [431, 'headers_too_large'];
type Headers = NonNullable<WireRequest['headers']>;

const many = (count: number): Headers => Array.from({ length: count }, (_, n) => [`x-${n}`, '1']);

test('headers are taken up to a size, and refused as a problem above it', async (t) => {
  const cases: [headers: Headers, expected: Expected][] = [
    [[['X-Big', 'x'.repeat(4000)]], 200],
    [[['X-Big', 'x'.repeat(9000)]], tooLarge],
    [[['X-Big', 'x'.repeat(40_000)]], tooLarge],
    [[['X'.repeat(9000), '1']], tooLarge],
    [Array.from({ length: 6 }, (_, n) => [`X-${n}`, 'x'.repeat(7000)]), tooLarge],
    [many(100), 200],
    [many(3000), tooLarge],
    [[['Cookie', 'a=b; '.repeat(1000)]], 200],
  ];
  for (const path of ['/health', '/users/health', '/tasks/health']) {
    for (const [headers, expected] of cases) {
      if (path === '/health' && headers.length > 1000) continue;
      const answer = await world.send({ path, headers });
      assertAnswer(t, answer, expected, `${path} ${headers.length} ${String(headers[0]?.[1]).length}`);
    }
  }
});

test('a Host is a host, is there once, and is told to nobody', async (t) => {
  const cases: [headers: Headers, expected: Expected][] = [
    [[['Host', null]], noHttp],
    [[['Host', '']], noHttp],
    [
      [
        ['Host', 'a'],
        ['Host', 'a'],
      ],
      noHttp,
    ],
    [
      [
        ['Host', 'a'],
        ['Host', 'b'],
      ],
      noHttp,
    ],
    [[['Host', 'a/b@c']], noHttp],
    [[['Host', 'a b']], noHttp],
    [[['Host', '../x']], noHttp],
    [[['Host', 'a\u0000b']], noHttp],
    [[['Host', 'evil.example']], 200],
    [[['Host', 'evil.example:99']], 200],
    [[['Host', '[::1]:80']], 200],
    [[['Host', "<script>alert('evil')</script>"]], noHttp],
  ];
  for (const [headers, expected] of cases) {
    const answer = await world.send({ path: '/users/health', headers });
    assertAnswer(t, answer, expected, JSON.stringify(headers));
    t.notRegex(JSON.stringify([...answer.headers]) + answer.text, /evil/);
  }
  const headers: Headers = [
    ['Host', 'evil.example'],
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Prefix', '//evil.example'],
    ['X-Forwarded-Proto', 'javascript'],
    ['Forwarded', 'host=evil.example;for="_x"'],
    ['X-Original-URL', '/users/metrics'],
    ['X-Rewrite-URL', '/users/metrics'],
  ];
  const created = await world.send({ method: 'POST', path: '/users/users', headers, body });
  assertAnswer(t, created, 201, 'forged forwarding');
  t.regex(created.headers.get('location') ?? '', /^\/users\/users\/[0-9a-f-]{36}$/);
  t.notRegex(JSON.stringify([...created.headers]), /evil/);
});

test('request ids and traces that are no such are replaced, and reach no answer', async (t) => {
  const ids = [
    'x'.repeat(129),
    'x'.repeat(5000),
    'a b',
    '"quoted"',
    'ä',
    '<x>',
    `\${jndi}`,
    "'; --",
    '\u0001',
    '{0}',
    '',
  ];
  for (const id of ids) {
    const answer = await world.send({ path: '/users/users/nobody', headers: [['X-Request-Id', id]] });
    assertAnswer(t, answer, [404, 'user_not_found'], id);
    t.regex(answer.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/, id);
  }
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  for (const bad of [
    trace.toUpperCase(),
    trace.replace('00-', 'ff-'),
    trace.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    trace.replace('b7ad6b7169203331', '0'.repeat(16)),
    `${trace}-extra`,
    `${trace}, ${trace}`,
    trace.slice(1),
    'x'.repeat(5000),
  ]) {
    const answer = await world.send({ path: '/users/users/nobody', headers: [['traceparent', bad]] });
    assertAnswer(t, answer, [404, 'user_not_found'], bad);
    t.not(answer.headers.get('traceparent'), bad);
  }
  const twice: Headers = [
    ['X-Request-Id', 'one'],
    ['X-Request-Id', 'two'],
  ];
  assertAnswer(t, await world.send({ path: '/users/health', headers: twice }), 200, 'two request ids');
});

test('headers that ask for something else than is offered change nothing, or are refused', async (t) => {
  const user = await world.user();
  const path = `/users/users/${user.id}`;
  const cases: [headers: Headers, expected: Expected][] = [
    [[['Accept', 'application/xml']], [406, 'not_acceptable']],
    [[['Accept', 'text/html,*/*;q=0.1']], 200],
    [[['Accept', '/;q=,,,;;']], [406, 'not_acceptable']],
    [[['Accept', 'a/b;q=0.1,'.repeat(700)]], [406, 'not_acceptable']],
    [[['Accept-Encoding', 'gzip, br']], 200],
    [[['Accept-Language', '*'.repeat(5000)]], 200],
    [[['Accept-Charset', 'utf-16']], 200],
    [[['Range', 'bytes=0-1']], 200],
    [[['Range', 'bytes=0-,0-,0-,0-']], 200],
    [
      [
        ['If-Range', '"x"'],
        ['Range', 'bytes=0-1'],
      ],
      200,
    ],
    [[['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT']], 200],
    [[['X-HTTP-Method-Override', 'DELETE']], 200],
    [[['X-HTTP-Method', 'DELETE']], 200],
    [[['X-Method-Override', 'DELETE']], 200],
    [
      [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
      ],
      200,
    ],
    [
      [
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAMAAABk'],
        ['Connection', 'Upgrade, HTTP2-Settings'],
      ],
      200,
    ],
    [[['Connection', 'close, X-Request-Id, traceparent']], 200],
    [[['Expect', 'foo']], 200],
    [[['TE', 'trailers']], 200],
    [[['X-Accel-Redirect', '/once/users/metrics']], 200],
    [[['Origin', 'https://evil.example']], 200],
    [[['Max-Forwards', '0']], 200],
    [[['Authorization', 'Basic '.repeat(500)]], 200],
  ];
  for (const [headers, expected] of cases) {
    // An upgrade that is ignored leaves the connection open: the answer to a second request ends it.
    const keeps = headers.some(([name, value]) => name === 'Connection' && !String(value).includes('close'));
    if (keeps) headers.push(['Connection', 'close']);
    const answer = await world.send({ path, headers });
    assertAnswer(t, answer, expected, JSON.stringify(headers).slice(0, 100));
    if (expected === 200) t.deepEqual(answer.json(), user);
    t.is(answer.headers.get('access-control-allow-origin'), null);
  }
  t.is((await world.gateway.get(path)).status, 200, 'nothing was deleted');
});

test('Expect: 100-continue is answered, and the request after it', async (t) => {
  const headers: Headers = [['Expect', '100-continue']];
  const answer = await world.send({ method: 'POST', path: '/nowhere', headers, body });
  assertAnswer(t, answer, [404, 'not_found'], 'Expect');
});
