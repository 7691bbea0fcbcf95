import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { formatter } from './format.ts';
import { type LogLine, readLine } from './log-line.ts';

// How `npm start` prints what the parts write.

const wide = formatter({ coloured: false, columns: () => undefined });
const requestId = '5d6c0f0b8a0e4f6f9b1d2c3e4f5a6b7c';

const request = (fields: object): LogLine => ({
  ...{ level: 30, time: 1_795_383_360_007, name: 'x', msg: 'request', requestId, trace: '00' },
  ...{ method: 'GET', url: '/users', status: 200, ms: 1 },
  ...fields,
});

test('requests stand in columns, whoever answered them', (t) => {
  const lines = [
    wide('user-service', request({ method: 'DELETE', url: `/users/${requestId}`, status: 204, ms: 12.34 })),
    wide('gateway', request({ ms: undefined, seconds: 0.125, status: 502, code: 'service_unreachable' })),
    wide('pins', request({ code: '' })),
  ];
  for (const line of lines) {
    t.regex(line, /^[\d:]{8}\.007 [\w-]+ +(GET|DELETE) +\/\S+ +(200|204|502) +[\d.]+ ms {2}\S/);
    t.regex(line.slice(84, 99), /^ (200|204|502) +[\d.]+ ms$/);
    t.true(line.endsWith(requestId));
  }
  t.regex(lines[1] ?? '', / 502 +125\.0 ms {2}service_unreachable 5d6c/);
});

test('on a terminal a request takes one line, and the id of the request gives way first', (t) => {
  const id = '01a20570-5c77-7abc-9def-0123456789ab';
  for (const width of [60, 80, 100, 120, 200]) {
    const print = formatter({ coloured: true, columns: () => width });
    const plain = formatter({ coloured: false, columns: () => width });
    for (const fields of [
      { status: 404, code: 'not_found' },
      { method: 'DELETE', url: `/tasks/${id}`, ms: 1234.5 },
      { url: `/tasks?userId=${id}&limit=20&cursor=${id}` },
      { status: 422, code: 'validation_failed', url: `/tasks?userId=${id}` },
    ]) {
      const line = print('user-service', request(fields));
      const text = stripVTControlCharacters(line);
      t.true(text.length <= width, text);
      t.is(text, plain('user-service', request(fields)));
      t.not(line, text);
    }
  }
});

test('in a terminal of 80 columns a path keeps the ends of its ids, and a refusal its code', (t) => {
  const narrow = formatter({ coloured: false, columns: () => 80 });
  const line = (fields: object) => narrow('user-service', request(fields)).slice(9);
  const id = '01a20570-5c77-7abc-9def-0123456789ab';
  t.is(
    line({ url: `/users/${id}/tasks`, ms: 12.34 }),
    'user-service GET    /users/…56789ab/tasks   200   12 ms  5d6c0f0b8a0e4f',
  );
  t.is(
    line({ method: 'DELETE', url: `/users/${id}`, status: 404, code: 'user_not_found' }),
    'user-service DELETE /users/…56789ab         404    1 ms  user_not_found',
  );
});

test('on a terminal a message is cut at the end of its line, but a warning is not', (t) => {
  const narrow = formatter({ coloured: false, columns: () => 60 });
  const long = { time: 0, name: 'x', msg: 'consuming', consumer: 'c'.repeat(60) };
  t.is(narrow('user-service', { ...long, level: 30 }).length, 60);
  t.true(narrow('user-service', { ...long, level: 40 }).endsWith(long.consumer));
});

test('a message has its level, its details, and an error its stack', (t) => {
  const line = wide('user-service', {
    ...{ level: 50, time: 0, name: 'x', msg: 'it broke', err: { stack: 'Error: it broke\n  at a' } },
    ...{ reason: 'odd', list: [1] },
  });
  t.regex(line, /user-service ERROR {3}it broke {2}reason=odd list=\[1\]\n {4}Error: it broke\n {6}at a$/);
});

test('nothing that a client sends tells the terminal to do something', (t) => {
  const odd = '\u001b[2J\u009b\u0007';
  t.notRegex(wide('x', request({ url: `/${odd}` })), /[^\P{Cc}\n]/u);
  t.notRegex(wide('x', { level: 40, time: 0, name: 'x', msg: odd, reason: odd }), /[^\P{Cc}\n]/u);
});

test('of Redis, warnings are shown and its banner, its advice and its steps are not', (t) => {
  const told = (line: string) => readLine('redis', line);
  t.is(told('42:C 22 Nov 2026 21:36:01.123 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo'), undefined);
  t.is(told('42:M 22 Nov 2026 21:36:01.123 # WARNING Memory overcommit must be enabled!'), undefined);
  t.is(told('42:M 22 Nov 2026 21:36:01.123 # Cluster state changed: ok'), undefined);
  t.is(told('42:signal-handler (1795625221) Received SIGTERM scheduling shutdown...'), undefined);
  t.is(told('42:M 22 Nov 2026 21:36:01.123 * Ready to accept connections tcp')?.level, 30);
  const warning = told('42:M 22 Nov 2026 21:36:01.123 # Error writing to the AOF file: No space left');
  t.is(warning?.level, 40);
  t.is(warning?.msg, 'Error writing to the AOF file: No space left');
  t.is(told('redis: a torn write is taken off the end')?.msg, 'redis: a torn write is taken off the end');
});

test('a line of nginx is as short as it can be, and one that was cut off is shown as it is', (t) => {
  const line =
    '2026/11/22 21:36:01 [error] 1#1: *3 connect() failed, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", host: "x"';
  const read = readLine('gateway', line);
  t.is(read?.level, 50);
  t.is(read?.msg, 'connect() failed, request: "GET / HTTP/1.1"');
  const echo = line.replace('connect() failed', 'no live upstreams while connecting to upstream');
  t.is(readLine('gateway', echo), undefined);
  t.is(readLine('user-service', '{"level":30,"time":17')?.msg, '{"level":30,"time":17');
});
