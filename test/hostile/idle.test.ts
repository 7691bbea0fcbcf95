import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import test from 'ava';
import type { Part } from '../stack/part.ts';
import { until } from '../stack/until.ts';
import { assertAnswer, assertSoon } from './answer.ts';
import { size } from './size.ts';
import { bytesOf, open } from './wire.ts';
import { worldUnderTest } from './world.ts';

const world = worldUnderTest(test);
const count = size(400, 3000);
/** The gateway lets a connection go that has said nothing for ten seconds, by its own clock; before this it never does. */
const patience = 7000;

/** How many files and connections a process has open. */
const openFiles = (part: Part): number => readdirSync(`/proc/${part.pid()}/fd`).length;

test('thousands of idle connections are no load, and leave nothing behind', async (t) => {
  const services = [world.stack.users, world.stack.tasks];
  await world.gateway.get('/users/ready');
  await world.gateway.get('/tasks/ready');
  const before = services.map(openFiles);
  const sockets: Socket[] = [];
  const opened = performance.now();
  try {
    for (let n = 0; n < count; n += 100) {
      const from = `127.0.1.${1 + ((n / 100) % 20)}`;
      sockets.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => open(world.stack.ports.gateway, from)))),
      );
    }
    const [silent, asking] = [sockets.slice(0, count / 2), sockets.slice(count / 2)];
    const closedOf = (some: Socket[]) => some.filter(({ closed }) => closed).length;
    const kept = bytesOf({ path: '/users/users/nobody', headers: [['Connection', 'keep-alive']] });
    for (const socket of asking) socket.resume().write(kept);
    await until('half of them have had an answer', () => asking.every(({ bytesRead }) => bytesRead > 0));
    const times: number[] = [];
    for (let round = 0; round < 100; round++) {
      const started = performance.now();
      const body = '{"name":"Ada","email":"ada@example.com"}';
      assertAnswer(
        t,
        await world.send({ method: 'POST', path: '/users/users', body }, '127.0.0.10'),
        201,
        'a client',
      );
      times.push(performance.now() - started);
      const closed = closedOf(silent);
      if (performance.now() - opened < patience) t.is(closed, 0, 'none was closed for others');
    }
    assertSoon(t, times);
    t.is(closedOf(asking), 0, 'none was closed for others');
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await until('the services have no more open than before', () =>
    services.every((part, at) => openFiles(part) <= (before[at] as number)),
  );
  t.pass();
});
