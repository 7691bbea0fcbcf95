import type { Socket } from 'node:net';
import test from 'ava';
import { until } from '../stack/until.ts';
import { assertAnswer, assertSoon } from './answer.ts';
import { full, size } from './size.ts';
import { bytesOf, open, readAll, readAnswer } from './wire.ts';
import { worldUnderTest } from './world.ts';

// Clients that take their time, on purpose or not.

const world = worldUnderTest(test);
const slow = '127.0.0.9';
const other = '127.0.0.10';

const whole = { method: 'POST', path: '/users/users', body: '{"name":"Slow","email":"slow@example.com"}' };
const head = 'GET /users/health HTTP/1.1\r\nHost: x\r\nX-Slow: ';

/** Opens connections that send a piece of a request and then a byte now and then. */
async function dawdle(count: number, bytes: string | Buffer): Promise<{ sockets: Socket[]; stop(): void }> {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => open(world.stack.ports.gateway, slow)),
  );
  for (const socket of sockets) socket.write(bytes);
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable && bytes === head) socket.write('x');
  }, 500);
  return {
    sockets,
    stop() {
      clearInterval(dripping);
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('hundreds of slow clients keep nobody waiting, and are let go', async (t) => {
  const heads = await dawdle(size(150, 300), head);
  const bodies = await dawdle(size(50, 100), bytesOf(whole).subarray(0, -20));
  const puts = await dawdle(
    size(20, 50),
    bytesOf({ ...whole, method: 'PUT', path: '/users/users/x' }).subarray(0, -20),
  );
  const all = [heads, bodies, puts];
  const sockets = all.flatMap((each) => each.sockets);
  try {
    const started = performance.now();
    const times: number[] = [];
    do {
      const before = performance.now();
      assertAnswer(t, await world.send(whole, other), 201, 'another client');
      assertAnswer(t, await world.send({ path: '/tasks/ready' }, other), 200, 'another client');
      times.push(performance.now() - before);
    } while (
      full
        ? sockets.some(({ closed }) => !closed) && performance.now() - started < 20_000
        : performance.now() - started < 1000 || times.length < 4
    );
    assertSoon(t, times);
    if (full)
      t.true(
        sockets.every(({ closed }) => closed),
        'all were let go within their timeout',
      );
  } finally {
    for (const { stop } of all) stop();
  }
});

test('a person with a slow connection is served', async (t) => {
  const socket = await open(world.stack.ports.gateway, slow);
  const bytes = bytesOf(whole);
  let sent = 0;
  const sending = setInterval(() => {
    socket.write(bytes.subarray(sent, sent + size(60, 10)));
    sent += size(60, 10);
    if (sent >= bytes.length) clearInterval(sending);
  }, 100);
  t.regex(await readAll(socket, 10_000), /^HTTP\/1\.1 201 /);
});

/** A user with tasks that make a list of so many megabytes. */
async function longList(megabytes: number): Promise<string> {
  const { id } = await world.user();
  const description = '😀'.repeat(10_000);
  const perTask = 40_000;
  for (let n = 0; n < (megabytes * 1_000_000) / perTask; n += 20) {
    await Promise.all(Array.from({ length: 20 }, () => world.task(id, { description })));
  }
  return id;
}

test('a long list reaches a client that stops reading for longer than a service may be silent', async (t) => {
  const id = await longList(size(4, 20));
  for (const path of [`/tasks/tasks?userId=${id}`, `/users/users/${id}/tasks`]) {
    const socket = await open(world.stack.ports.gateway, slow);
    socket.write(bytesOf({ path }));
    await until('the answer has begun', () => socket.bytesRead > 0);
    const since = performance.now();
    await until('the client reads on', () => performance.now() - since > size(200, 6000));
    const received = await readAll(socket, 20_000);
    const { status, text, json } = readAnswer(received);
    t.is(status, 200);
    t.notThrows(json, `${path} is complete`);
    t.true(Buffer.byteLength(text) > size(4, 20) * 1_000_000, path);
  }
});

test('a client that leaves in the middle costs nobody anything', async (t) => {
  const { id } = await world.user();
  await Promise.all(Array.from({ length: 100 }, () => world.task(id, { description: 'x'.repeat(10_000) })));
  for (let round = 0; round < size(20, 200); round++) {
    const socket = await open(world.stack.ports.gateway, '127.0.0.1');
    socket.write(bytesOf({ path: `/users/users/${id}/tasks` }));
    if (round % 2 === 0) await until('the answer has begun', () => socket.bytesRead > 0);
    socket.resetAndDestroy();
  }
  assertAnswer(t, await world.send(whole), 201, 'the next client');
  assertAnswer(t, await world.send({ path: '/users/ready' }), 200, 'the next client');
});
