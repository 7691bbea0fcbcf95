import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { firstLayout } from 'shared-events';
import { createHistory } from '../faults/history.ts';
import { startLoad } from '../faults/load.ts';
import { type LoadedStack, untilServed } from '../faults/world.ts';
import { accountPasswords, credentials } from '../stack/accounts.ts';
import { api } from '../stack/api.ts';
import { type Part, part } from '../stack/part.ts';
import { redisPart, watchedName } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { openTestRedis } from '../stack/redis.ts';
import { createStack, freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';

/** How many of three Sentinels must agree that the master is gone. */
const quorum = 2;

/** A master, two replicas and three Sentinels, with both services, under load. */
export interface SentinelWorld extends LoadedStack {
  /** The Redis that is the master now. */
  master(): Promise<Part>;
  /** Has Sentinels make a replica the master, as people do for maintenance. */
  failOver(): Promise<void>;
  /** Waits until both other Redis are replicas of the master, which have all that it has. */
  untilWhole(): Promise<void>;
}

/** Starts it, with its writes confirmed by both replicas, and puts it under load. */
export async function openSentinelWorld(): Promise<SentinelWorld> {
  credentials('replica');
  const { REDIS_PASSWORD: password } = credentials('sentinel');
  const dir = mkdtempSync(join(tmpdir(), 'sentinels-'));
  const sentinelPorts = [await freePort(), await freePort(), await freePort()];
  const ports = { ...(await freePorts()), sentinels: sentinelPorts };
  const redisPorts = [ports.redis, await freePort(), await freePort()];
  const history = createHistory();
  const quiet = { supervised: true, onLine: () => undefined };
  const stack = await createStack({
    ports,
    supervised: true,
    onLine: (of, line) => of.endsWith('service') && history.violations.push(`F ${of}: ${line}`),
    env: { REDIS_REPLICAS: '2', LOG_LEVEL: 'fatal' },
  });
  const replicas = redisPorts
    .slice(1)
    .map((redis) =>
      redisPart(join(dir, `redis-${redis}`), { ...quiet, ports: { ...ports, redis } }, {}, [
        ...['--replicaof', `127.0.0.1 ${ports.redis}`, '--repl-diskless-sync-delay', '0'],
      ]),
    );
  const sentinels = sentinelPorts.map((port) => sentinelPart(dir, port, ports.redis, password));
  const all = new Map([stack.redis, ...replicas].map((each, at) => [redisPorts[at] as number, each]));
  const ask = new Redis({ port: sentinelPorts[0] as number, host: '127.0.0.1', lazyConnect: true });
  ask.on('error', () => undefined);
  let stopLoad = async () => {};
  const stores = new Map(redisPorts.map((redis) => [redis, openTestRedis({ ports: { redis } })]));

  async function masterPort(): Promise<number> {
    const [, port] = (await ask.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', watchedName)) as [string, string];
    return Number(port);
  }

  async function close(): Promise<void> {
    await stopLoad();
    ask.disconnect();
    for (const store of stores.values()) store.disconnect();
    await stack.stop();
    await Promise.all([...sentinels, ...replicas].map((each) => each.stop()));
    rmSync(dir, { recursive: true });
  }

  try {
    const serving = stack.start();
    serving.catch(() => undefined);
    await Promise.all(replicas.map((each) => each.start()));
    await Promise.all(sentinels.map((each) => each.start()));
    await serving;
    await ask.connect();
    await until('Sentinels know both replicas, and each other', async () => {
      const [state = []] = (await ask.call('SENTINEL', 'MASTERS')) as string[][];
      const value = (field: string) => state[state.indexOf(field) + 1];
      return value('num-slaves') === '2' && value('num-other-sentinels') === '2';
    });
    const load = startLoad(stack.urls.gateway, history);
    stopLoad = load.stop;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ stack, history, stopLoad, close },
    gateway: api(stack.urls.gateway),
    layout: firstLayout(1),
    exempt: new Set(),
    stores: async () => [stores.get(await masterPort()) as Redis],
    untilHealthy: () => untilServed(stack),
    master: async () => all.get(await masterPort()) as Part,
    async untilWhole() {
      const whole = async () => {
        const store = stores.get(await masterPort());
        return (await store?.info('replication'))?.match(/,state=online,/g)?.length === 2;
      };
      await until('both others are replicas', whole, 40_000);
    },
    async failOver() {
      const before = await masterPort();
      await ask.call('SENTINEL', 'FAILOVER', watchedName);
      await until('another is the master', async () => (await masterPort()) !== before);
    },
  };
}

function sentinelPart(dir: string, port: number, master: number, password: string): Part {
  const file = join(dir, `sentinel-${port}.conf`);
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${watchedName} 127.0.0.1 ${master} ${quorum}`,
    `sentinel auth-user ${watchedName} sentinel`,
    `sentinel auth-pass ${watchedName} ${password}`,
    `sentinel down-after-milliseconds ${watchedName} 2000`,
    `sentinel failover-timeout ${watchedName} 10000`,
  ];
  writeFileSync(file, `${settings.join('\n')}\n`, { mode: 0o600 });
  return part({
    name: `sentinel-${port}`,
    command: 'sh',
    args: ['-c', 'exec $(command -v redis-server || command -v valkey-server) "$0" --sentinel', file],
    env: { ...process.env, ...accountPasswords } as Record<string, string>,
    async isReady() {
      const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
      redis.on('error', () => undefined);
      try {
        await redis.connect();
        return (await redis.ping()) === 'PONG';
      } finally {
        redis.disconnect();
      }
    },
    supervised: true,
    onLine: () => undefined,
  });
}
