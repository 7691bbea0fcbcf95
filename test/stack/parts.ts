import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, delimiter, dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { accountPasswords, credentials } from './accounts.ts';
import { locate } from './install.ts';
import { eachLine } from './lines.ts';
import { type Part, part } from './part.ts';

/** The project's folder. */
export const root = join(import.meta.dirname, '../..');

export interface Ports {
  gateway: number;
  operator: number;
  users: number;
  tasks: number;
  /** of the one Redis, or of a cluster's first node */
  redis: number;
  /** Of all nodes, where Redis is a cluster. */
  cluster?: number[];
  /** Of those who know which Redis is the master, where Sentinels watch it. */
  sentinels?: number[];
}

export type ServiceName = 'user-service' | 'task-service';

export interface Setting {
  ports: Ports;
  supervised: boolean;
  onLine(line: string): void;
}

const program = (name: string): string => {
  const path = locate(name);
  if (!path) throw new Error(`${name} is not installed; run: node test/stack/install.ts`);
  return path;
};

/** Where Redis is, as services and commands read it from the environment; what is empty counts as absent. */
export function redisAddress({ redis, cluster, sentinels }: Pick<Ports, 'redis' | 'cluster' | 'sentinels'>) {
  const nowhere = {
    REDIS_CLUSTER: '',
    REDIS_SENTINELS: '',
    REDIS_SENTINEL_NAME: '',
    REDIS_HOST: '',
    REDIS_PORT: '',
  };
  const list = (ports: number[]) => ports.map((port) => `127.0.0.1:${port}`).join();
  if (cluster) return { ...nowhere, REDIS_CLUSTER: list(cluster) };
  if (sentinels) return { ...nowhere, REDIS_SENTINELS: list(sentinels), REDIS_SENTINEL_NAME: watchedName };
  return { ...nowhere, REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis) };
}

/** What Sentinels call the master that they watch. */
export const watchedName = 'tasks';

/**
 * Resolves to true, or fails with what is answered instead. Asks on a connection of its own: one that is kept would hold up
 * the stop of a service.
 */
async function answers(url: string): Promise<true> {
  const response = await fetch(url, { headers: { Connection: 'close' }, signal: AbortSignal.timeout(5000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return true;
}

/**
 * A redis-server with its append-only file in `dir`, and with the accounts that Compose has as well. Beside them the
 * account `default` is on, without a password, for people and tests: this Redis listens on this machine alone.
 * @param env what shared-events/redis/start.sh is to read instead
 * @param args of redis-server, beside what each is given
 */
export function redisPart(
  dir: string,
  { ports, supervised, onLine }: Setting,
  env: Record<string, string> = {},
  args: string[] = [],
): Part {
  mkdirSync(dir, { recursive: true });
  return part({
    name: basename(dir),
    command: 'sh',
    args: [
      join(root, 'shared-events/redis/start.sh'),
      ...['--port', String(ports.redis), '--bind', '127.0.0.1', '--dir', dir],
      ...['--appendonly', 'yes', '--appendfsync', process.env.APPENDFSYNC || 'always', '--save', ''],
      ...['--maxmemory-policy', 'noeviction', ...args],
    ],
    env: {
      ...accountPasswords,
      PATH: `${process.env.PATH}${delimiter}${dirname(program('redis-server'))}`,
      REDIS_DEFAULT_USER: 'on',
      REDIS_ACL_FILE: join(dir, 'users.acl'),
      ...env,
    },
    isReady: () => pings(ports.redis),
    supervised,
    onLine,
  });
}

const pings = (port: number): Promise<boolean> =>
  withAccount('operator', port, async (redis) => (await redis.ping()) === 'PONG');

/** Runs something with a connection of an account, which is closed after it. It is not made a second time. */
export async function withAccount<T>(
  account: string,
  port: number,
  run: (redis: Redis) => Promise<T>,
): Promise<T> {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password } = credentials(account);
  const redis = new Redis({
    ...{ port, username, password, disableClientInfo: true },
    ...{ lazyConnect: true, retryStrategy: null, commandTimeout: 5000 },
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await run(redis);
  } finally {
    redis.disconnect();
  }
}

/** As in the services' Dockerfiles. */
const memory = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/**
 * A service, run from the `src/main.ts` of its folder in the project. The folder's name is the service's and its
 * account's.
 * @param env for a service other than the two, with its PORT
 */
export function servicePart(
  folder: string,
  env: Record<string, string>,
  { ports, supervised, onLine }: Setting,
): Part {
  const name = basename(folder);
  const port = env.PORT ?? (name === 'user-service' ? ports.users : ports.tasks);
  return part({
    name,
    command: process.execPath,
    args: [...memory, join(root, folder, 'src/main.ts')],
    env: {
      HOST: '127.0.0.1',
      PORT: String(port),
      ...redisAddress(ports),
      ...credentials(name),
      USER_SERVICE_BASE: `http://127.0.0.1:${ports.users}`,
      TASK_BASE: `http://127.0.0.1:${ports.tasks}`,
      ...env,
    },
    isReady: () => answers(`http://127.0.0.1:${port}/ready`),
    supervised,
    onLine,
  });
}

/** Started by root, nginx would work as somebody who may not be let into the project's folder, for its documents. */
const asOneself = process.getuid?.() === 0 && process.platform === 'linux' ? ['-g', 'user root;'] : [];

/**
 * nginx with the configuration that Compose uses as well, run below `dir`.
 * @param services the ports of each service, by its prefix
 */
export function gatewayPart(
  dir: string,
  services: Record<string, number[]>,
  { ports, supervised, onLine }: Setting,
): Part {
  rmSync(dir, { recursive: true, force: true });
  execFileSync('sh', [join(root, 'nginx/prepare.sh'), dir, ...Object.keys(services)]);
  const upstreams = Object.entries(services).map(([prefix, servicePorts]) => {
    const servers = servicePorts.map((port) => `server 127.0.0.1:${port} max_fails=1 fail_timeout=1s;`);
    return `upstream ${prefix} { ${servers.join(' ')} keepalive 64; keepalive_timeout 1s; }\n`;
  });
  writeFileSync(join(dir, 'upstreams.conf'), upstreams.join(''));
  const { gateway: port, operator } = ports;
  const listen = (at: number, kind: string, consoleAt: string) =>
    `listen 127.0.0.1:${at}${kind};\nset $console ${consoleAt};\n`;
  writeFileSync(join(dir, 'listen.conf'), listen(port, ' default_server', `http://localhost:${operator}/`));
  writeFileSync(join(dir, 'listen-operator.conf'), listen(operator, '', '/'));
  const log = join(dir, 'access.log');
  execFileSync('mkfifo', [log]);
  let closeLog = () => {};
  const gateway = part({
    name: 'gateway',
    command: program('nginx'),
    args: ['-e', 'stderr', '-p', dir, '-c', join(dir, 'nginx.conf'), ...asOneself],
    isReady: () => answers(`http://127.0.0.1:${ports.gateway}/health`),
    stopSignal: 'SIGQUIT',
    supervised,
    onLine,
  });
  return {
    ...gateway,
    async start() {
      closeLog = readPipe(log, onLine);
      await gateway.start();
    },
    async stop() {
      await gateway.stop();
      closeLog();
    },
  };
}

/** Reads lines from a named pipe. It is open in both directions, so it does not end with its writer. */
function readPipe(path: string, onLine: (line: string) => void): () => void {
  const pipe = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
  eachLine(pipe, onLine);
  return () => pipe.destroy();
}
