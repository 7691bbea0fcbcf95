import test from 'ava';
import { exchange, open, readAll, statuses } from './wire.ts';
import { namesIn, worldUnderTest } from './world.ts';

// Requests whose end can be read in two ways. What one reader takes for the body of the first, another takes for a
// second request: here one that creates a user with a name of its own. No such user may ever be there.

const world = worldUnderTest(test);

const smuggled = (name: string): string => {
  const body = JSON.stringify({ name, email: 'eve@example.com' });
  return [
    'POST /users HTTP/1.1',
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
};

const post = (...headers: string[]) =>
  ['POST /users/users HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers, '', ''].join(
    '\r\n',
  );

/** The second request as the body of a first one with these headers. */
const asBody =
  (...headers: string[]) =>
  (inner: string) =>
    post(...headers.map((header) => header.replace('LENGTH', String(inner.length)))) + inner;

/** The same below a body that ends with its first chunk for whoever reads chunks. */
const afterChunks =
  (...headers: string[]) =>
  (inner: string) =>
    asBody(...headers)(`0\r\n\r\n${inner}`);

/** In chunks as they should be, after headers and a first line of chunk that may not. */
const inChunks =
  (first: string, ...headers: string[]) =>
  (inner: string) =>
    `${post('Transfer-Encoding: chunked', ...headers)}${first}\r\n{}\r\n0\r\n\r\n${inner}`;

/** What is sent around the second request, and the status of each answer. Every one ends with a closed connection. */
const cases: [what: string, bytes: (inner: string) => string, answers: number[]][] = [
  ['both lengths', afterChunks('Content-Length: LENGTH', 'Transfer-Encoding: chunked'), [400]],
  [
    'both lengths, the other way round',
    afterChunks('Transfer-Encoding: chunked', 'Content-Length: LENGTH'),
    [400],
  ],
  ['a short length and chunks', afterChunks('Content-Length: 4', 'Transfer-Encoding: chunked'), [400]],
  ['an unknown coding', afterChunks('Transfer-Encoding: xchunked'), [501]],
  ['a coding before chunked', afterChunks('Transfer-Encoding: identity, chunked'), [501]],
  ['a coding after chunked', afterChunks('Transfer-Encoding: chunked, identity'), [501]],
  ['chunked twice', afterChunks('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), [400]],
  [
    'chunked, and then something else',
    afterChunks('Transfer-Encoding: chunked', 'Transfer-Encoding: x'),
    [400],
  ],
  ['a tab before chunked', afterChunks('Transfer-Encoding:\tchunked'), [501]],
  ['a vertical tab before chunked', afterChunks('Transfer-Encoding: \u000bchunked'), [501]],
  ['quotes around chunked', afterChunks('Transfer-Encoding: "chunked"'), [501]],
  ['a space before the colon', afterChunks('Transfer-Encoding : chunked'), [400]],
  ['a space before the name', afterChunks('X: y', ' Transfer-Encoding: chunked'), [400]],
  ['a folded header', afterChunks('Transfer-Encoding:', ' chunked'), [400]],
  [
    'an underscore for the hyphen',
    asBody('Transfer_Encoding: chunked', 'Content-Length: LENGTH', 'Connection: close'),
    [400],
  ],
  ['a NUL in a header', afterChunks('X: a\u0000b', 'Transfer-Encoding: chunked'), [400]],
  ['a line break of its own in a header', afterChunks('X: y\rTransfer-Encoding: chunked'), [400]],
  ['two lengths', asBody('Content-Length: 0', 'Content-Length: LENGTH'), [400]],
  ['the same length twice', asBody('Content-Length: LENGTH', 'Content-Length: LENGTH'), [400]],
  ['a list of lengths', asBody('Content-Length: LENGTH, LENGTH'), [400]],
  ['a negative length', asBody('Content-Length: -1'), [400]],
  ['a length with a sign', asBody('Content-Length: +LENGTH'), [400]],
  ['a length with a space in it', asBody('Content-Length: 1 0'), [400]],
  ['a length in hexadecimal', asBody('Content-Length: 0x10'), [400]],
  ['a length of twenty digits', asBody('Content-Length: 99999999999999999999'), [400]],
  ['a length that overflows', asBody('Content-Length: 18446744073709551616'), [400]],
  ['no length', asBody('Content-Length:'), [400]],
  ['a size that is no number', inChunks('zz'), [400]],
  ['a negative size', inChunks('-2'), [400]],
  ['a size with a prefix', inChunks('0x2'), [400]],
  ['a size of twenty digits', inChunks('fffffffffffffffff2'), [400]],
  ['a size with a space before it', inChunks(' 2'), [400]],
  ['a chunk that is longer than its size', inChunks('1'), [400]],
  ['chunks in HTTP/1.0', (inner) => inChunks('2')(inner).replace('HTTP/1.1', 'HTTP/1.0'), [400]],
  ['two hosts', asBody('Host: y', 'Content-Length: LENGTH'), [400]],
  [
    'a body of a GET',
    (inner) => asBody('Content-Length: LENGTH', 'Connection: close')(inner).replace('POST', 'GET'),
    [405],
  ],
  ['HTTP/0.9', (inner) => `GET /users/health\r\n${inner}`, []],
  ['HTTP/2', (inner) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${inner}`, [400]],
  ['TLS', (inner) => `\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003${inner}`, [400]],
  ['a proxy line', (inner) => `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n${inner}`, [400]],
  ['HTTP/1.10', (inner) => post('Content-Length: 0').replace('1.1', '1.10') + inner, [400, 404]],
];

test('a request whose end can be read in two ways is refused, and never becomes two', async (t) => {
  for (const [at, [what, bytes, answers]] of cases.entries()) {
    const received = await exchange(
      world.stack.ports.gateway,
      Buffer.from(bytes(smuggled(`smuggled ${at}`)), 'latin1'),
    );
    t.deepEqual(statuses(received), answers, `${what}: ${received}`);
    t.notRegex(received, /nginx\/|<html>/, what);
  }
  const names = await namesIn(world.redis);
  for (const [at, [what]] of cases.entries()) t.false(names.includes(`smuggled ${at}`), what);
});

const closing = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

test('what is unusual but has one end only is answered, and so is the next request', async (t) => {
  const body = '{"name":"Ada","email":"ada@example.com"}';
  const size = body.length.toString(16);
  const framed: [what: string, bytes: string, first: number][] = [
    ['a chunk extension', `${post('Transfer-Encoding: chunked')}${size};x="y"\r\n${body}\r\n0\r\n\r\n`, 201],
    [
      'a trailer',
      `${post('Transfer-Encoding: chunked')}${size}\r\n${body}\r\n0\r\nContent-Length: 5\r\n\r\n`,
      201,
    ],
    [
      'chunks of one byte',
      `${post('Transfer-Encoding: chunked')}${[...body].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`,
      201,
    ],
    ['capitals', `${post('TRANSFER-ENCODING: CHUNKED')}${size.toUpperCase()}\r\n${body}\r\n0\r\n\r\n`, 201],
    ['zeros before a size', `${post('Transfer-Encoding: chunked')}0000${size}\r\n${body}\r\n0\r\n\r\n`, 201],
    ['zeros before a length', `${post(`Content-Length: 00${body.length}`)}${body}`, 201],
    ['white space around a length', `${post(`Content-Length:   ${body.length}  `)}${body}`, 201],
    ['bare line feeds', `${post(`Content-Length: ${body.length}`).replaceAll('\r\n', '\n')}${body}`, 201],
    ['empty lines before it', `\r\n\r\n${post(`Content-Length: ${body.length}`)}${body}`, 201],
    ['an underscore in a name', `${post('Content_Length: 5', `Content-Length: ${body.length}`)}${body}`, 201],
    [
      'a GET with a body',
      `GET /users/health HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      200,
    ],
    [
      'a refused body',
      `POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      404,
    ],
    [
      'a refused PUT',
      `PUT /users/users/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      404,
    ],
  ];
  for (const [what, bytes, first] of framed) {
    const received = await exchange(world.stack.ports.gateway, Buffer.from(bytes + closing, 'latin1'));
    t.deepEqual(statuses(received), [first, 200], `${what}: ${received}`);
  }
});

test('many requests sent at once on one connection are answered in order', async (t) => {
  const count = 500;
  const get = (n: number) => `GET /users/users/${n} HTTP/1.1\r\nHost: x\r\nX-Request-Id: number-${n}\r\n\r\n`;
  const bytes = Array.from({ length: count }, (_, n) => get(n)).join('') + closing;
  const socket = await open(world.stack.ports.gateway);
  socket.write(bytes);
  const received = await readAll(socket, 30_000);
  t.is(statuses(received).length, count + 1);
  const order = [...received.matchAll(/X-Request-Id: number-(\d+)/gi)].map(([, n]) => Number(n));
  t.deepEqual(
    order,
    Array.from({ length: count }, (_, n) => n),
  );
});

test('a creation before something malformed is made and answered, and nothing after it is read', async (t) => {
  const create = (name: string) => {
    const body = JSON.stringify({ name, email: 'ada@example.com' });
    return post(`Content-Length: ${body.length}`) + body;
  };
  const malformed = ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n'];
  for (const [at, bytes] of malformed.entries()) {
    const sent = create(`before ${at}`) + bytes + create(`after ${at}`);
    const received = await exchange(world.stack.ports.gateway, sent);
    t.deepEqual(statuses(received), [201, 400], received);
  }
  const names = await namesIn(world.redis);
  for (const at of malformed.keys()) {
    t.true(names.includes(`before ${at}`));
    t.false(names.includes(`after ${at}`));
  }
});
