import { gzipSync } from 'node:zlib';
import test from 'ava';
import { assertAnswer, type Expected } from './answer.ts';
import type { WireRequest } from './wire.ts';
import { namesIn, worldUnderTest } from './world.ts';

// Bodies that are no JSON, no object, too large, or of another kind; sent to both services.

const world = worldUnderTest(test);
const valid = '{"name":"Ada","email":"ada@example.com"}';
const malformed: Expected = [400, 'malformed_json'];
const noObject: Expected = [400, 'body_not_an_object'];
const otherKind: Expected = [415, 'unsupported_media_type'];
const tooLarge: Expected = [413, 'body_too_large'];

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
const filled = (length: number) => valid.replace('}', `,"x":"${'x'.repeat(length - valid.length - 7)}"}`);

const bodies: [what: string, body: string | Buffer, expected: Expected][] = [
  ['nothing', '', malformed],
  ['white space', ' \r\n\t ', malformed],
  ['truncated', '{"name":"A', malformed],
  ['a trailing comma', '{"name":"Ada",}', malformed],
  ['a comment', '{/* hi */"name":"Ada"}', malformed],
  ['single quotes', "{'name':'Ada'}", malformed],
  ['two documents', `${valid}${valid}`, malformed],
  ['NaN', '{"name":NaN}', malformed],
  ['Infinity', '{"name":-Infinity}', malformed],
  ['a hexadecimal number', '{"name":0x10}', malformed],
  ['a number with a leading zero', '{"name":01}', malformed],
  ['a raw line break in a string', '{"name":"A\nda"}', malformed],
  ['a raw NUL in a string', '{"name":"A\u0000da"}', malformed],
  ['an unfinished escape', '{"name":"\\u12"}', malformed],
  ['a string', '"text"', noObject],
  ['a number', '1', noObject],
  ['null', 'null', noObject],
  ['true', 'true', noObject],
  ['an array', `[${valid}]`, noObject],
  ['a form', 'name=Ada&email=ada%40example.com', malformed],
  ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>', malformed],
  ['invalid UTF-8', bytes('{"name":"A', [0xff], '","email":"a@example.com"}'), malformed],
  ['overlong UTF-8', bytes('{"name":"A', [0xc0, 0xaf], '","email":"a@example.com"}'), malformed],
  ['a surrogate in UTF-8', bytes('{"name":"A', [0xed, 0xa0, 0x80], '","email":"a@example.com"}'), malformed],
  ['UTF-16', Buffer.from(`\ufeff${valid}`, 'utf16le'), malformed],
  ['gzip without saying so', gzipSync(valid), malformed],
  ['30,000 arrays', '['.repeat(30_000) + ']'.repeat(30_000), noObject],
  ['60,000 arrays that never end', '['.repeat(60_000), malformed],
  ['10,000 objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, [422, 'validation_failed']],
  ['deep below an unknown member', valid.replace('}', `,"x":${'['.repeat(9000)}${']'.repeat(9000)}}`), 201],
  [
    '5,000 members',
    `{${Array.from({ length: 5000 }, (_, n) => `"m${n}":1`).join()}}`,
    [422, 'validation_failed'],
  ],
  ['64 KiB', filled(65_536), 201],
  ['a byte more than 64 KiB', filled(65_537), tooLarge],
  ['a megabyte', filled(1_200_000), tooLarge],
  ['numbers without end in unknown members', valid.replace('}', `,"x":1e400,"y":${'9'.repeat(5000)}}`), 201],
  ['a member given twice', valid.replace('{', '{"name":"First",'), 201],
  ['a byte order mark before it', `\ufeff${valid}`, 201],
];

for (const [service, path] of [
  ['user', '/users/users'],
  ['task', '/tasks/tasks'],
] as const) {
  test(`the ${service} service refuses what is no JSON object, or too large, and takes what is`, async (t) => {
    for (const [what, body, expected] of bodies) {
      const answer = await world.send({ method: 'POST', path, body });
      const wanted: Expected = expected === 201 && service === 'task' ? [422, 'validation_failed'] : expected;
      assertAnswer(t, answer, wanted, `${what} at ${path}`);
    }
  });
}

test('a PUT refuses the same bodies and changes nothing', async (t) => {
  const user = await world.user();
  const path = `/users/users/${user.id}`;
  const before = await world.gateway.get(path);
  for (const [what, body, expected] of bodies) {
    if (expected !== 201) assertAnswer(t, await world.send({ method: 'PUT', path, body }), expected, what);
  }
  t.is((await world.gateway.get(path)).text, before.text);
});

const kinds: [headers: NonNullable<WireRequest['headers']>, expected: Expected][] = [
  [[['Content-Type', null]], otherKind],
  [[['Content-Type', '']], otherKind],
  [[['Content-Type', 'text/plain']], otherKind],
  [[['Content-Type', 'text/json']], otherKind],
  [[['Content-Type', 'application/x-www-form-urlencoded']], otherKind],
  [[['Content-Type', 'multipart/form-data; boundary=x']], otherKind],
  [[['Content-Type', 'application/vnd.api+json']], otherKind],
  [[['Content-Type', 'application/json-patch+json']], otherKind],
  [[['Content-Type', 'application/jsonx']], otherKind],
  [[['Content-Type', 'application/json;;;=']], otherKind],
  [[['Content-Type', 'application/json, text/plain']], otherKind],
  [[['Content-Type', 'application/json; charset=utf-16']], otherKind],
  [[['Content-Type', 'application/json; charset=bogus']], otherKind],
  [[['Content-Type', 'application/json; charset=iso-8859-1']], otherKind],
  [[['Content-Type', `application/json;${' '.repeat(5000)}x`]], otherKind],
  [[['Content-Type', 'application/json; charset=utf-8']], 201],
  [[['Content-Type', 'Application/JSON;charset="UTF-8"']], 201],
  [[['Content-Encoding', 'gzip']], otherKind],
  [[['Content-Encoding', 'deflate, gzip']], otherKind],
  [[['Content-Encoding', 'br']], otherKind],
  [[['Content-Encoding', 'foo']], otherKind],
  [[['Content-Encoding', 'identity']], 201],
];

test('only JSON in UTF-8, not compressed, is taken as JSON', async (t) => {
  for (const [headers, expected] of kinds) {
    const answer = await world.send({ method: 'POST', path: '/users/users', headers, body: valid });
    assertAnswer(t, answer, expected, JSON.stringify(headers).slice(0, 100));
  }
});

test('a compressed bomb is refused unopened', async (t) => {
  const bomb = gzipSync(Buffer.alloc(40_000_000, ' '));
  t.true(bomb.length < 64 * 1024);
  const headers: WireRequest['headers'] = [['Content-Encoding', 'gzip']];
  const answer = await world.send({ method: 'POST', path: '/users/users', headers, body: bomb });
  assertAnswer(t, answer, otherKind, 'a bomb');
});

test('a body in chunks counts like any other', async (t) => {
  const chunked = (body: string): WireRequest => ({
    method: 'POST',
    path: '/users/users',
    headers: [
      ['Content-Type', 'application/json'],
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', null],
    ],
    body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  });
  assertAnswer(t, await world.send(chunked(valid)), 201, 'chunks');
  assertAnswer(t, await world.send(chunked(filled(65_537))), tooLarge, 'too many chunks');
  const user = await world.user();
  const put = (body: string) => ({ ...chunked(body), method: 'PUT', path: `/users/users/${user.id}` });
  assertAnswer(t, await world.send(put(valid)), 200, 'chunks in a PUT');
  assertAnswer(t, await world.send(put(filled(65_537))), tooLarge, 'too many chunks in a PUT');
});

test('members that would reach into prototypes are unknown members, and later requests are as before', async (t) => {
  const tricks = [
    '"__proto__":{"name":"Eve","email":"eve@example.com","admin":true}',
    '"constructor":{"prototype":{"admin":true,"status":418}}',
    '"prototype":{"admin":true},"toString":null,"hasOwnProperty":1,"valueOf":{}',
    '"__proto__":null',
    '"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}',
    '"a":{"__proto__":{"admin":true}}',
    '"id":"01890000-0000-7000-8000-000000000000","version":7,"role":"admin","createdAt":"never"',
  ];
  for (const trick of tricks) {
    const body = valid.replace('{', `{${trick},`);
    const answer = await world.send({ method: 'POST', path: '/users/users', body });
    assertAnswer(t, answer, 201, trick);
    t.deepEqual(Object.keys(answer.json<object>()), ['id', 'name', 'email', 'createdAt', 'updatedAt']);
    const only = await world.send({ method: 'POST', path: '/users/users', body: `{${trick}}` });
    assertAnswer(t, only, [422, 'validation_failed'], `nothing but ${trick}`);
  }
  const user = await world.user();
  t.deepEqual(Object.keys(user), ['id', 'name', 'email', 'createdAt', 'updatedAt']);
  t.false((await namesIn(world.redis)).includes('Eve'));
});
