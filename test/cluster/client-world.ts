import { pino } from 'pino';
import { openRedis, type Store } from 'shared-events/redis';
import { type TcpProxy, tcpProxy } from '../faults/tcp-proxy.ts';
import { credentials } from '../stack/accounts.ts';
import { busOf } from '../stack/cluster.ts';
import { redisAddress } from '../stack/parts.ts';
import { createStack, freePorts, type Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';

/** A cluster without services, with a proxy before each node that nodes and clients reach it through. */
export interface ClientWorld {
  stack: Stack;
  /** Beside each node of the stack. */
  proxies: TcpProxy[];
  /** A client as a service has it, under an account; it is told of all nodes, or of those that are given. */
  open(account: string, nodes?: string): Promise<Store>;
}

/** Gives a test a cluster, and clients of it that are closed after the test. */
export async function withClusterClients(run: (world: ClientWorld) => Promise<void>): Promise<void> {
  const ports = await freePorts({});
  const proxies: TcpProxy[] = [];
  for (const port of ports.cluster ?? []) proxies.push(await tcpProxy(port));
  const announced = proxies.map(({ port }, at) => ({ port, bus: busOf(ports.cluster?.[at] as number) }));
  const stack = await createStack({ ports, cluster: { announced }, env: { REDIS_REPLICAS: '0' } });
  const { REDIS_CLUSTER: all } = redisAddress({ redis: 0, cluster: proxies.map(({ port }) => port) });
  const clients: Store[] = [];
  async function open(account: string, REDIS_CLUSTER = all): Promise<Store> {
    const config = { REDIS_HOST: '', REDIS_PORT: 0, REDIS_CLUSTER, ...credentials(account) };
    const redis = openRedis({ config, log: pino({ level: 'silent' }) });
    clients.push(redis);
    await until('the client is connected', () => redis.status === 'ready');
    return redis;
  }
  try {
    await stack.redis.start();
    await run({ stack, proxies, open });
  } finally {
    for (const client of clients) client.disconnect();
    await stack.stop();
    for (const proxy of proxies) await proxy.close();
  }
}
