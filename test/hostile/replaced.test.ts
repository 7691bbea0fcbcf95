import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import type { User } from 'shared-events';
import { freePort } from '../stack/ports.ts';
import { until } from '../stack/until.ts';
import { assertAnswer } from './answer.ts';
import { withGateway } from './second-gateway.ts';
import { send, type WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// Containers come and go behind the gateway: what was not delivered goes on to another, what may have been carried
// out is never sent twice.

const world = worldUnderTest(test);
const body = '{"name":"Ada","email":"ada@example.com"}';

test('while one of two containers refuses connections, every request is answered by the other', async (t) => {
  const ports = [await freePort(), world.stack.ports.users];
  await withGateway(world.stack, { ports, failures: 1 }, async (port) => {
    for (let round = 0; round < 20; round++) {
      const created = await send(port, { method: 'POST', path: '/users/users', body });
      assertAnswer(t, created, 201, 'POST');
      const path = `/users/users/${created.json<User>().id}`;
      assertAnswer(t, await send(port, { method: 'PUT', path, body }), 200, 'PUT');
      assertAnswer(t, await send(port, { path }), 200, 'GET');
      assertAnswer(t, await send(port, { method: 'DELETE', path }), 204, 'DELETE');
    }
  });
});

/** A service that reads a request, counts it, and closes the connection without an answer. */
async function rudeService() {
  const methods: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      methods.push(data.toString().split(' ')[0] ?? '');
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { methods, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test('a write that was delivered and not answered is a 502 and was sent once; a read is tried again', async (t) => {
  const services = [await rudeService(), await rudeService()];
  const ports = services.map(({ port }) => port);
  const sent = (method: string) =>
    services.flatMap(({ methods }) => methods).filter((one) => one === method).length;
  const path = '/users/users/01890000-0000-7000-8000-000000000000';
  const requests: [request: WireRequest & { method: string }, times: number][] = [
    [{ method: 'POST', path: '/users/users', body }, 1],
    [{ method: 'PUT', path, body }, 1],
    [{ method: 'PUT', path, body: body.padEnd(60_000) }, 1],
    [{ method: 'DELETE', path }, 1],
    [{ method: 'PATCH', path, body }, 1],
    [{ method: 'GET', path }, 2],
  ];
  try {
    await withGateway(world.stack, { ports, failures: 0 }, async (port) => {
      for (const [request, times] of requests) {
        // Where this process is held up, the gateway tries nothing again: it does so within 0.8 s only.
        await until(`${request.method} is sent so often: ${times}`, async () => {
          const before = sent(request.method);
          assertAnswer(t, await send(port, request), [502, 'service_unreachable'], request.method);
          const found = sent(request.method) - before;
          t.true(found <= times, `${request.method} was sent ${found} times`);
          return found === times;
        });
      }
    });
  } finally {
    for (const { close } of services) close();
  }
});
