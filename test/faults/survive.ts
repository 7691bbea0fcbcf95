import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Redis } from 'ioredis';
import { groupStates } from 'shared-events/streams';
import { api, seed } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import type { ServiceName } from '../stack/parts.ts';
import { openTestRedis } from '../stack/redis.ts';
import { freePorts, type Stack, startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { type Attempt, attempt } from './client.ts';
import { createHistory, type History } from './history.ts';
import { brokenPromises } from './invariants.ts';
import { type Load, startLoad } from './load.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

/** A stack under load, with everything a fault may want to lay hands on. */
export interface World {
  stack: Stack;
  gateway: ReturnType<typeof api>;
  /** The test's own connection, past the proxies. */
  redis: Redis;
  /** What each service has between itself and Redis, and the first task service between itself and the user service. */
  proxies: { users: TcpProxy; tasks: TcpProxy; check: TcpProxy };
  history: History;
  /** Subjects that entries were made or removed of by hand: no promise is made about them. */
  exempt: Set<string>;
  /** Runs something while no client is at work and no reader has anything to do; then clients go on. */
  atRest(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface Fault {
  name: string;
  /** Whether it is part of `npm test`; `npm run test:faults` runs all. */
  short?: true;
  instances?: { users?: number; tasks?: number };
  env?: Record<string, string>;
  /** Gives Redis a disk of its own, of this size (as mount has it). Needs root. */
  disk?: string;
  /** Whether not a single request may fail. */
  unnoticed?: true;
  /** Whether it is one that a service cannot know, and so may answer with 500. */
  unknowable?: true;
  /** Breaks something, and resolves when what was broken is whole again, as far as a person would make it whole. */
  inject(world: World): Promise<void>;
}

/** How long everything may take to be healthy again by itself, and readers to be done, in milliseconds. */
const recovery = 10_000;
/** How many requests are made before the fault, and after it. */
const before = 150;

const full = process.env.FAULTS === 'full';

/** Registers a test for each fault: with a load through the gateway all the while, every promise holds. */
export function survive(faults: Fault[]): void {
  for (const fault of faults.filter(({ short }) => full || short)) {
    test.serial(`every promise holds: ${fault.name}`, async (t) => {
      t.timeout(90_000);
      const { broken, row } = await run(fault);
      t.log(row);
      report(row);
      t.deepEqual(broken.slice(0, 20), []);
    });
  }
}

/** What the table at the end tells of a fault. */
export interface Row {
  fault: string;
  requests: number;
  done: number;
  /** how many answers of each status above 399, and `cut` or `hung` where there was none */
  errors: Record<string, number>;
  /** in milliseconds */
  longest: number;
  /** how long after the fault's end all was healthy again, in milliseconds */
  recovery: number;
  /** the letters of the promises that were broken */
  broken: string[];
}

async function run(fault: Fault): Promise<{ broken: string[]; row: Row }> {
  const world = await openWorld(fault);
  const { stack, redis, history, exempt } = world;
  let load: Load = startLoad(stack.urls.gateway, history);
  const answered = (count: number) =>
    until(`${count} requests are made`, () => history.attempts.length >= count, recovery);
  try {
    await answered(before);
    await fault.inject({
      ...world,
      async atRest(work) {
        await load.stop();
        await untilIdle(redis);
        await work();
        load = startLoad(stack.urls.gateway, history);
      },
    });
    const healed = performance.now();
    const problems: string[] = [];
    await untilHealthy(world).catch((error: Error) => problems.push(`F ${error.message}: ${error.cause}`));
    const recovered = performance.now() - healed;
    await answered(history.attempts.length + before);
    await load.stop();
    await untilIdle(redis).catch((error: Error) => problems.push(`F ${error.message}`));
    problems.push(...(await brokenPromises({ redis, history, exempt })), ...(await verified(world)));
    problems.push(...failures(fault, history));
    return { broken: problems, row: rowOf(fault, history, recovered, problems) };
  } finally {
    await load.stop();
    await world.close();
  }
}

/** The answers that this fault is no excuse for. */
function failures({ unnoticed, unknowable }: Fault, { attempts }: History): string[] {
  const isFailure = ({ status }: Attempt) =>
    unnoticed ? typeof status !== 'number' || status >= 500 : !unknowable && status === 500;
  return attempts.filter(isFailure).map(({ method, path, status }) => `G ${method} ${path} ${status}`);
}

async function openWorld({ instances = {}, env = {}, disk }: Fault): Promise<World> {
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
  const stack = await startStack({
    ...{ ports, dir, instances, envOf },
    supervised: true,
    env: { LOG_LEVEL: 'fatal', ...env },
  });
  const redis = openTestRedis(stack);
  return {
    ...{ stack, proxies, redis },
    gateway: api(stack.urls.gateway),
    history: createHistory(),
    exempt: new Set(),
    atRest: (work) => work(),
    async close() {
      redis.disconnect();
      await stack.stop();
      for (const proxy of Object.values(proxies)) await proxy.close();
      if (disk) execFileSync('umount', [join(dir, 'redis')]);
      rmSync(dir, { recursive: true });
    },
  };
}

function mountDisk(folder: string, size: string): void {
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
}

/** Waits until every service says that it is ready, and a user and a task of theirs can be made. */
async function untilHealthy({ gateway, stack }: World): Promise<void> {
  const { user, task } = seed(gateway);
  await until(
    'all is healthy again',
    async () => {
      for (const path of ['/users/ready', '/tasks/ready']) {
        const { status } = await attempt(stack.urls.gateway, 'GET', path);
        if (status !== 200) return false;
      }
      await task((await user({ name: 'Health' })).id);
      return true;
    },
    recovery,
  );
}

/** Waits until the readers of user-events have nothing left to do. */
async function untilIdle(redis: Redis): Promise<void> {
  await until(
    'every reader is done',
    async () => {
      const [last] = await redis.xrevrange('user-events:{0}', '+', '-', 'COUNT', 1);
      const position = await redis.hget('known-users:{0}', 'position');
      const states = await groupStates({ redis, stream: 'user-events:{0}' });
      const idle = states.every(({ behind, pending }) => behind.entries === 0 && pending === 0);
      return states.length > 0 && idle && position === (last?.[0] ?? null);
    },
    recovery,
  );
}

/** Lets the replay commands compare everything with a shadow made from the streams. */
async function verified({ stack, exempt }: World): Promise<string[]> {
  const { code, output, errors } = await startCommand('replay', stack, ['all', '--verify']).result;
  const differences = output.split('\n').filter((line) => /^(user|task) /.test(line));
  const unexpected = differences.filter((line) => !exempt.has(line.split(' ')[1] ?? ''));
  if (code === 2 || (code === 1 && differences.length === 0)) unexpected.push(errors);
  return unexpected.map((line) => `B ${line}`);
}

function rowOf(fault: Fault, { attempts }: History, recovered: number, broken: string[]): Row {
  const errors: Row['errors'] = {};
  for (const { status } of attempts) {
    if (typeof status !== 'number' || status >= 400) errors[status] = (errors[status] ?? 0) + 1;
  }
  return {
    fault: fault.name,
    requests: attempts.length,
    done: attempts.filter(({ status }) => typeof status === 'number' && status < 300).length,
    errors,
    longest: Math.round(Math.max(...attempts.map(({ ms }) => ms))),
    recovery: Math.round(recovered),
    broken: [
      ...new Set(broken.map((line) => (/^[A-G] /.test(line) ? (line[0] as string) : 'request failed'))),
    ],
  };
}

/** Where `npm run test:faults` collects the rows of all files. */
function report(row: Row): void {
  if (process.env.FAULTS_REPORT) appendFileSync(process.env.FAULTS_REPORT, `${JSON.stringify(row)}\n`);
}
