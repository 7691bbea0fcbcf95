import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import test from 'ava';
import type { Part } from '../stack/part.ts';
import { until } from '../stack/until.ts';
import { assertAnswer } from './answer.ts';
import { size } from './size.ts';
import { bytesOf, open } from './wire.ts';
import { worldUnderTest } from './world.ts';

const world = worldUnderTest(test);
const count = size(400, 3000);

/** How many files and connections a process has open. */
const openFiles = (part: Part): number => readdirSync(`/proc/${part.pid()}/fd`).length;

test('thousands of idle connections are no load, and leave nothing behind', async (t) => {
  const services = [world.stack.users, world.stack.tasks];
  await world.gateway.get('/users/ready');
  await world.gateway.get('/tasks/ready');
  const before = services.map(openFiles);
  const sockets: Socket[] = [];
  try {
    for (let n = 0; n < count; n += 100) {
      const from = `127.0.1.${1 + ((n / 100) % 20)}`;
      sockets.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => open(world.stack.ports.gateway, from)))),
      );
    }
    const kept = bytesOf({ path: '/users/users/nobody', headers: [['Connection', 'keep-alive']] });
    for (const socket of sockets.slice(count / 2)) socket.resume().write(kept);
    await until('half of them have had an answer', () =>
      sockets.slice(count / 2).every(({ bytesRead }) => bytesRead > 0),
    );
    for (let round = 0; round < 100; round++) {
      const started = performance.now();
      const body = '{"name":"Ada","email":"ada@example.com"}';
      assertAnswer(
        t,
        await world.send({ method: 'POST', path: '/users/users', body }, '127.0.0.10'),
        201,
        'a client',
      );
      t.true(performance.now() - started < 3000);
    }
    t.is(sockets.filter(({ closed }) => closed).length, 0, 'none was closed for others');
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await until('the services have no more open than before', () =>
    services.every((part, at) => openFiles(part) <= (before[at] as number)),
  );
  t.pass();
});
