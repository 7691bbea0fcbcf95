import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import test from 'ava';
import { api, seed } from '../stack/api.ts';
import { freePorts, startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { withGateway } from './second-gateway.ts';
import { bytesOf, exchange, open, readAll, statuses } from './wire.ts';

// Who closes an idle connection. A service that did might close it while a request is on its way: to the client a 502.

type Side = 'client' | 'service';

/** Passes connections on to a port, and records which side closed each first. */
async function recorder(target: number) {
  const closed: (Side | undefined)[] = [];
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const at = closed.push(undefined) - 1;
    const service = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const ends = (side: Side) => () => {
      closed[at] ??= side;
    };
    client.on('end', ends('client')).on('error', ends('client')).pipe(service);
    service.on('end', ends('service')).on('error', ends('service')).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { closed, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test('idle connections to a service are closed by the gateway and by the other service, not by the service', async (t) => {
  const ports = await freePorts();
  const [users, tasks] = [await recorder(ports.users), await recorder(ports.tasks)];
  const env = { LOG_LEVEL: 'warn', TASK_BASE: `http://127.0.0.1:${tasks.port}` };
  const stack = await startStack({ ports, env });
  try {
    await withGateway(stack, { ports: [users.port], failures: 0 }, async (port) => {
      const gateway = api(`http://127.0.0.1:${port}`);
      const { id } = await seed(gateway).user();
      await Promise.all(Array.from({ length: 20 }, () => gateway.get(`/users/users/${id}/tasks`)));
      t.true(users.closed.length > 1 && tasks.closed.length > 1);
      t.true([...users.closed, ...tasks.closed].includes(undefined), 'connections are kept for a while');
      await until(
        'all idle connections are closed',
        () => ![...users.closed, ...tasks.closed].includes(undefined),
      );
      t.deepEqual([...new Set([...users.closed, ...tasks.closed])], ['client']);
    });
  } finally {
    users.close();
    tasks.close();
    await stack.stop();
  }
});

test('a service that stops refuses new connections, answers on kept ones, and leaves idle ones a while', async (t) => {
  const stack = await startStack({ env: { LOG_LEVEL: 'warn' } });
  const port = stack.ports.users;
  const kept = bytesOf({ path: '/health', headers: [['Connection', 'keep-alive']] });
  try {
    const [asking, idle, fresh] = [await open(port), await open(port), await open(port)];
    for (const socket of [asking, idle]) {
      socket.write(kept);
      await once(socket, 'data');
    }
    const stopped = stack.users.stop();
    const since = performance.now();
    await until('new connections are refused', () =>
      exchange(port, bytesOf({ path: '/health' })).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      ),
    );
    for (const socket of [asking, fresh]) {
      socket.write(kept);
      const received = await readAll(socket);
      t.deepEqual(statuses(received), [200]);
      t.regex(received, /\r\nConnection: close\r\n/);
    }
    t.false(idle.closed, 'not closed yet');
    t.is(await readAll(idle), '', 'closed in the end');
    await stopped;
    const seconds = (performance.now() - since) / 1000;
    t.true(seconds > 1.5 && seconds < 6, `stopped after ${seconds} s`);
  } finally {
    await stack.stop();
  }
});
