import { randomUUID } from 'node:crypto';
import test from 'ava';
import { assertAnswer, type Expected } from './answer.ts';
import type { WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// The headers that say when a write is to be made, filled with what they are not for.

const world = worldUnderTest(test);
const body = '{"name":"Ada","email":"ada@example.com"}';
type Headers = NonNullable<WireRequest['headers']>;

test('an Idempotency-Key is 1 to 255 printable characters', async (t) => {
  const invalid: Expected = [400, 'invalid_idempotency_key'];
  const cases: [key: string, expected: Expected][] = [
    ['', invalid],
    ['x'.repeat(255), 201],
    ['x'.repeat(256), invalid],
    ['x'.repeat(5000), invalid],
    ['ä', invalid],
    ['a\tb', invalid],
    ['{0}:*', 201],
    ['"quoted" \\ key', 201],
    ['__proto__', 201],
    ['../../x', 201],
  ];
  for (const [key, expected] of cases) {
    const headers: Headers = [['Idempotency-Key', key]];
    const first = await world.send({ method: 'POST', path: '/users/users', headers, body });
    assertAnswer(t, first, expected, key);
    if (expected !== 201) continue;
    const again = await world.send({ method: 'POST', path: '/users/users', headers, body });
    t.is(again.text, first.text);
    const other = await world.send({
      ...{ method: 'POST', path: '/users/users', headers },
      body: body.replace('Ada', 'Eve'),
    });
    assertAnswer(t, other, [422, 'idempotency_key_reused'], key);
  }
  const twice: Headers = [
    ['Idempotency-Key', randomUUID()],
    ['Idempotency-Key', randomUUID()],
  ];
  const answer = await world.send({ method: 'POST', path: '/users/users', headers: twice, body });
  assertAnswer(t, answer, 201, 'two keys are one of their own');
});

test('an If-Match that does not name the version is 412, whatever it is', async (t) => {
  const { id } = await world.user();
  const path = `/users/users/${id}`;
  const etag = (await world.gateway.get(path)).headers.get('etag') ?? '';
  for (const tag of [
    '"0-0"',
    '""',
    '"',
    'x',
    `W/${etag}`,
    etag.slice(1, -1),
    etag.slice(0, -1),
    `"${'x'.repeat(5000)}"`,
    ','.repeat(5000),
    '"a","b"',
    '**',
    '(.*)*$',
    'ä',
  ]) {
    for (const [method, content] of [
      ['PUT', body],
      ['DELETE', undefined],
    ] as const) {
      const headers: Headers = [['If-Match', tag]];
      const answer = await world.send({ method, path, headers, ...(content && { body: content }) });
      assertAnswer(t, answer, [412, 'precondition_failed'], `${method} ${tag}`);
    }
  }
  for (const header of ['If-Match', 'If-Unmodified-Since'] as const) {
    const value = header === 'If-Match' ? '"1-1"' : 'Thu, 01 Jan 1970 00:00:00 GMT';
    const answer = await world.send({ path: '/health', headers: [[header, value]] });
    assertAnswer(t, answer, [412, 'precondition_failed'], `${header} at the gateway`);
  }
});
