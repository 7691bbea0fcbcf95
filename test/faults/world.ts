import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { firstLayout, type Layout } from 'shared-events';
import { groupStates } from '../../shared-events/src/streams/lag.ts';
import { type Api, api } from '../stack/api.ts';
import type { ServiceName } from '../stack/parts.ts';
import { openTestRedis } from '../stack/redis.ts';
import { freePorts, type Stack, startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { attempt } from './client.ts';
import { createHistory, type History } from './history.ts';
import { startLoad } from './load.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

/** A stack under load, and how to look at all of it. */
export interface LoadedStack {
  stack: Stack;
  gateway: Api;
  /** How the data is laid out. */
  layout: Layout;
  /** The test's own connections to whatever has the data now: the one Redis, or the masters of a cluster. */
  stores(): Promise<Redis[]>;
  history: History;
  /** Subjects that entries were made or removed of by hand: no promise is made about them. */
  exempt: Set<string>;
  /** Waits until everything is as it should be. */
  untilHealthy(): Promise<void>;
  /** Lets every client finish what it is at, and waits for that. */
  stopLoad(): Promise<void>;
  close(): Promise<void>;
}

/** A stack with one Redis, and everything a fault may want to lay hands on. */
export interface World extends LoadedStack {
  /** The test's own connection, past the proxies. */
  redis: Redis;
  /** What each service has between itself and Redis, and the first task service between itself and the user service. */
  proxies: { users: TcpProxy; tasks: TcpProxy; check: TcpProxy };
  /** Runs something while no client is at work and no reader has anything to do; then clients go on. */
  atRest(work: () => Promise<void>): Promise<void>;
}

/** What a fault asks of the stack that it is to break. */
export interface WorldOptions {
  instances?: { users?: number; tasks?: number };
  env?: Record<string, string>;
  /** Gives Redis a disk of its own, of this size (as mount has it). Needs root. */
  disk?: string;
}

/** Starts a stack whose parts are started again when they die, with proxies between them, and puts it under load. */
export async function openWorld({ instances = {}, env = {}, disk }: WorldOptions): Promise<World> {
  const ports = await freePorts();
  const proxies = {
    users: await tcpProxy(ports.redis),
    tasks: await tcpProxy(ports.redis),
    check: await tcpProxy(ports.users),
  };
  const dir = mkdtempSync(join(tmpdir(), 'faults-'));
  if (disk) mountDisk(join(dir, 'redis'), disk);
  const envOf = (service: ServiceName, instance: number): Record<string, string> => {
    if (instance > 0) return {};
    if (service === 'user-service') return { REDIS_PORT: String(proxies.users.port) };
    return {
      REDIS_PORT: String(proxies.tasks.port),
      ...(!instances.users && { USER_SERVICE_BASE: `http://127.0.0.1:${proxies.check.port}` }),
    };
  };
  const removeAll = async () => {
    for (const proxy of Object.values(proxies)) await proxy.close();
    if (disk) execFileSync('umount', [join(dir, 'redis')]);
    rmSync(dir, { recursive: true });
  };
  const stack = await startStack({
    ...{ ports, dir, instances, envOf },
    supervised: true,
    env: { LOG_LEVEL: 'fatal', ...env },
  }).catch(async (error: unknown) => {
    await removeAll();
    throw error;
  });
  const redis = openTestRedis(stack);
  const history = createHistory();
  let load = startLoad(stack.urls.gateway, history);
  const gateway = api(stack.urls.gateway);
  const world: World = {
    ...{ stack, proxies, redis, history, gateway },
    layout: firstLayout(1),
    stores: async () => [redis],
    exempt: new Set(),
    untilHealthy: () => untilServed(stack),
    stopLoad: () => load.stop(),
    async atRest(work) {
      await load.stop();
      await untilIdle(world);
      await work();
      load = startLoad(stack.urls.gateway, history);
    },
    async close() {
      await load.stop();
      redis.disconnect();
      await stack.stop();
      await removeAll();
    },
  };
  return world;
}

function mountDisk(folder: string, size: string): void {
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
}

/** How long everything may take to be healthy again by itself, and readers to be done, in milliseconds. */
export const recovery = 10_000;

/**
 * Waits until every service says that it is ready, and users and a task of theirs can be made.
 * @param userKeys the Idempotency-Keys to make users with; one of any partition when left out
 */
export async function untilServed(
  { urls }: Stack,
  userKeys: string[] = [crypto.randomUUID()],
): Promise<void> {
  const post = async (path: string, json: object, headers = {}): Promise<{ id: string }> => {
    const { status, text } = await attempt(urls.gateway, 'POST', path, { json, headers });
    if (status !== 201) throw new Error(`${path} is answered ${status} ${text}`);
    return JSON.parse(text);
  };
  await until(
    'all is healthy again',
    async () => {
      for (const path of ['/users/ready', '/tasks/ready']) {
        const { status, text } = await attempt(urls.gateway, 'GET', path);
        if (status !== 200) throw new Error(`${path} is answered ${status} ${text}`);
      }
      for (const key of userKeys) {
        const health = { name: 'Health', email: 'health@example.com' };
        const { id } = await post('/users/users', health, { 'Idempotency-Key': key });
        await post('/tasks/tasks', { userId: id, title: 'Health' });
      }
      return true;
    },
    recovery,
  );
}

/** Waits until the readers of user-events have nothing left to do. */
export async function untilIdle({ stores, layout }: LoadedStack): Promise<void> {
  await until(
    'every reader is done',
    async () => {
      let seen = 0;
      for (const redis of await stores()) {
        const keys = await redis.keys('user-events:{*}');
        for (const stream of keys.filter((key) => key.endsWith('}'))) {
          if (!(await isIdle(redis, stream))) return false;
          seen++;
        }
      }
      return seen > 0 && seen <= layout.partitions;
    },
    recovery,
  );
}

async function isIdle(redis: Redis, stream: string): Promise<boolean> {
  const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  const position = await redis.hget(stream.replace('user-events', 'known-users'), 'position');
  const states = await groupStates({ redis, stream });
  const isDone = states.every(({ lag, pending }) => lag.entries === 0 && pending === 0);
  return states.length > 0 && isDone && position === (last?.[0] ?? null);
}
