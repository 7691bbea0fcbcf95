import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import type { User } from 'shared-events';
import { type Answer, api } from '../stack/api.ts';
import { servicePart } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { until } from '../stack/until.ts';
import { assertAnswer } from './answer.ts';
import { withGateway } from './second-gateway.ts';
import { full } from './size.ts';
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
        const before = sent(request.method);
        assertAnswer(t, await send(port, request), [502, 'service_unreachable'], request.method);
        t.is(sent(request.method) - before, times, request.method);
      }
    });
  } finally {
    for (const { close } of services) close();
  }
});

/** Sends a request again while the container it meets has only just started and says so: then nothing was done. */
async function patiently(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 503 || answer.json<{ code: string }>().code !== 'not_ready') return answer;
  }
}

test('while containers are replaced one after the other, no request fails', async (t) => {
  const second = await freePort();
  const parts = [world.stack.ports.users, second].map((users) =>
    servicePart(
      'user-service',
      { LOG_LEVEL: 'warn' },
      {
        ports: { ...world.stack.ports, users },
        supervised: false,
        onLine: () => undefined,
      },
    ),
  );
  const [first, other] = [world.stack.users, parts[1] as (typeof parts)[number]];
  await other.start();
  const ports = [world.stack.ports.users, second];
  await withGateway(world.stack, { ports, failures: 1 }, async (port) => {
    let replacing = true;
    let answered = 0;
    const ada = { name: 'Ada', email: 'ada@example.com' };
    const gateway = api(`http://127.0.0.1:${port}`);
    const client = async () => {
      while (replacing) {
        const created = await patiently(() => gateway.post('/users/users', ada));
        assertAnswer(t, created, 201, 'POST');
        const path = `/users/users/${created.json<User>().id}`;
        assertAnswer(t, await patiently(() => gateway.put(path, ada)), 200, `PUT ${path}`);
        assertAnswer(t, await patiently(() => gateway.get(path)), 200, `GET ${path}`);
        assertAnswer(t, await patiently(() => gateway.delete(path)), 204, `DELETE ${path}`);
        answered += 4;
      }
    };
    const clients = Array.from({ length: 10 }, client);
    try {
      for (const [at, part] of (full ? [other, first, other, first, other] : [other]).entries()) {
        const since = performance.now();
        // nginx leaves out what refused a connection for a second, which it counts in whole seconds.
        if (at > 0) await until('the one before is used again', () => performance.now() - since > 2500);
        await part.stop();
        await part.start();
      }
    } finally {
      replacing = false;
      await Promise.allSettled(clients);
      await other.stop();
    }
    await Promise.all(clients);
    t.true(answered > 100, `${answered}`);
  });
});
