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
      const all = () => [...users.closed, ...tasks.closed];
      await until('connections are kept for a while', async () => {
        await Promise.all(Array.from({ length: 20 }, () => gateway.get(`/users/users/${id}/tasks`)));
        return all().includes(undefined);
      });
      t.true(users.closed.length > 1 && tasks.closed.length > 1);
      await until('all idle connections are closed', () => !all().includes(undefined));
      t.deepEqual([...new Set(all())], ['client']);
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
    const watchStop = async () => {
      const [asking, idle, fresh] = [await open(port), await open(port), await open(port)];
      for (const socket of [asking, idle]) {
        socket.write(kept);
        await once(socket, 'data');
      }
      const since = performance.now();
      const stopped = stack.users.stop();
      await until('new connections are refused', () =>
        exchange(port, bytesOf({ path: '/health' })).then(
          () => false,
          (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
        ),
      );
      const received: string[] = [];
      for (const socket of [asking, fresh]) {
        socket.write(kept);
        received.push(await readAll(socket));
      }
      const wasClosed = idle.closed;
      const wasInTime = performance.now() - since < 2000;
      const atLast = await readAll(idle);
      await stopped;
      const seconds = (performance.now() - since) / 1000;
      return { received, wasClosed, atLast, seconds, wasInTime };
    };
    // What is idle is left for two seconds: where this process is held up for longer, the service stops once more.
    const seen = await until('a stop of less than six seconds is watched in time', async () => {
      const found = await watchStop();
      if (found.wasInTime && found.seconds < 6) return found;
      await stack.users.start();
      return false;
    });
    for (const received of seen.received) {
      t.deepEqual(statuses(received), [200]);
      t.regex(received, /\r\nConnection: close\r\n/);
    }
    t.false(seen.wasClosed, 'not closed yet');
    t.is(seen.atLast, '', 'closed in the end');
    t.true(seen.seconds > 1.5, `stopped after ${seen.seconds} s`);
  } finally {
    await stack.stop();
  }
});
