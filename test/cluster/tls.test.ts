import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Redis } from 'ioredis';
import { makeCertificate } from '../security/certificate.ts';
import { credentials } from '../stack/accounts.ts';
import { api } from '../stack/api.ts';
import { busOf } from '../stack/cluster.ts';
import { redisPart, root, servicePart } from '../stack/parts.ts';
import { freeNodePorts } from '../stack/ports.ts';
import { freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';

// REDIS_TLS=true with a cluster, whose certificate has a name and no address.

const host = 'localhost';
const partitions = 4;
/** Two masters, and a replica of the first. */
const masters = 2;
const count = 3;

test('over TLS services find all nodes of a cluster by their names, and nodes each other; none is spoken to without', async (t) => {
  t.timeout(120_000);
  const dir = mkdtempSync(join(tmpdir(), 'tls-cluster-'));
  const { cert, key } = makeCertificate(dir, `DNS:${host}`);
  const ports = await freePorts();
  const plain = await freeNodePorts(count);
  const secure = await freeNodePorts(count);
  const env = {
    ...{ LOG_LEVEL: 'warn', PARTITIONS: String(partitions), REDIS_TLS: 'true', NODE_EXTRA_CA_CERTS: cert },
    ...{ REDIS_HOST: '', REDIS_PORT: '', REDIS_CLUSTER: `${host}:${secure[0]}` },
  };
  const setting = { ports, supervised: false, onLine: (line: string) => t.log(line) };
  const services = ['user-service', 'task-service'].map((name) => servicePart(name, env, setting));
  const quiet = { supervised: false, onLine: () => undefined };
  const nodes = secure.map((port, at) =>
    redisPart(join(dir, `redis-${at}`), { ...quiet, ports: { ...ports, redis: plain[at] as number } }, {}, [
      ...['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no'],
      ...['--repl-diskless-sync-delay', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert],
      ...['--tls-cluster', 'yes', '--tls-replication', 'yes'],
      ...['--cluster-announce-hostname', host, '--cluster-preferred-endpoint-type', 'hostname'],
    ]),
  );
  const own = plain.map((port) => new Redis({ port, lazyConnect: true }).on('error', () => undefined));
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await make(own, secure);
    await Promise.all(services.map((service) => service.start()));
    const users = api(`http://127.0.0.1:${ports.users}`);
    const tasks = api(`http://127.0.0.1:${ports.tasks}`);
    for (let n = 0; n < 5 * partitions; n++) {
      const made = await users.post('/users', { name: 'Ada', email: 'ada@example.com' });
      t.is(made.status, 201);
      const { id: userId } = made.json<{ id: string }>();
      t.is((await tasks.post('/tasks', { userId, title: 'Over TLS' })).status, 201);
    }
    for (const [at, redis] of own.slice(0, masters).entries()) {
      t.true((await redis.keys('user-events:{?}')).length > 0, 'each master has some of them');
      const clients = ((await redis.client('LIST')) as string).split('\n');
      for (const account of ['user-service', 'task-service', ...(at === 0 ? ['replica'] : [])]) {
        const connections = clients.filter((line) => line.includes(` user=${account} `));
        t.true(connections.length > 0, account);
        for (const line of connections) t.true(line.includes(`:${secure[at]} `), line);
      }
    }
    const command = { ...process.env, ...env, ...credentials('operator') };
    const lag = [join(root, 'shared-events/src/cli/events.ts'), 'lag'];
    t.regex(execFileSync(process.execPath, lag, { env: command, encoding: 'utf8' }), /group cascade/);
  } finally {
    for (const redis of own) redis.disconnect();
    for (const part of [...services, ...nodes]) await part.stop();
    rmSync(dir, { recursive: true });
  }
});

/** Makes a cluster of nodes, half of the slots on each of the masters. */
async function make(nodes: Redis[], secure: number[]): Promise<void> {
  const [first, , replica] = nodes as [Redis, Redis, Redis];
  const half = 16_384 / masters;
  for (const [at, redis] of nodes.entries()) {
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
    if (at < masters) await redis.call('CLUSTER', 'ADDSLOTSRANGE', at * half, (at + 1) * half - 1);
    for (const port of secure.slice(0, at))
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', port, busOf(port));
  }
  const id = await first.cluster('MYID');
  await until('the first master has a replica', () => replica.cluster('REPLICATE', id));
  await until('all have met', async () => {
    const states = await Promise.all(nodes.map((redis) => redis.cluster('INFO')));
    return states.every((state) => /cluster_state:ok/.test(state) && /cluster_known_nodes:3/.test(state));
  });
  await until('the replica has everything', async () =>
    /^slave0:.*,state=online,/m.test(await first.info('replication')),
  );
}
