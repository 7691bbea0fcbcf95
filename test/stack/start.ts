import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, realpathSync, watch } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { busOf, masters } from './cluster.ts';
import { ensureInstalled } from './install.ts';
import type { Part } from './part.ts';
import { type Ports, root } from './parts.ts';
import { isFree } from './ports.ts';
import { printer } from './print.ts';
import { createStack, type Stack } from './stack.ts';

// `npm start`: the whole system on this machine, until Ctrl+C, or until whatever started it ends. `npm run dev` (--watch)
// also restarts a service when its source changes. `npm run start:cluster` (--cluster) has a Redis Cluster of six nodes in
// place of the one Redis.

const say = (line: string) => process.stdout.write(`${line}\n`);
const watching = process.argv.includes('--watch');
const clustered = process.argv.includes('--cluster');
const dataDir = resolve(process.env.DATA_DIR || join(root, clustered ? '.data/cluster' : '.data'));
const portVariables: Record<Exclude<keyof Ports, 'cluster'>, [variable: string, preset: number]> = {
  gateway: ['GATEWAY_PORT', 8080],
  operator: ['OPERATOR_PORT', 8081],
  users: ['USER_SERVICE_PORT', 8005],
  tasks: ['TASK_SERVICE_PORT', 8002],
  redis: ['REDIS_PORT', 6379],
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const ports = readPorts();
  await refuseBusyPorts(ports);
  await lockData();
  ensureInstalled(say);

  const stack = await createStack({
    ...{ ports, dir: dataDir, supervised: !watching, onLine: printer(say) },
    ...(clustered && { cluster: {}, env: given('PARTITIONS', 'REDIS_REPLICAS') }),
  });
  const end = endOf(stack);
  await stack.start().catch((failure) => {
    if (!end.hasBegun()) throw failure;
  });
  if (end.hasBegun()) return;
  if (watching) restartOnChange(stack);
  welcome(ports);
}

/** Those of some variables that this process was given. */
function given(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Stops the stack in order, and this process with it, at a signal or when nobody is there any more to send one. */
function endOf(stack: Stack): { hasBegun(): boolean } {
  let since: number | undefined;
  const stop = async () => {
    if (since !== undefined) return;
    since = performance.now();
    say('\nStopping; the data is kept. Press Ctrl+C again to end at once.');
    await stack.stop();
    process.exit(0);
  };
  const endAtOnce = async () => {
    for (const part of stack.parts) part.kill('SIGKILL');
    for (const part of stack.parts) await part.ended();
    process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // One Ctrl+C comes twice, from the terminal and from npm.
  process.on('SIGINT', () => {
    const again = since !== undefined && performance.now() - since > 500;
    return again ? endAtOnce() : stop();
  });
  // A terminal that was closed takes nothing any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop);
  // npm does not pass every signal on, and cannot when it is killed.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || stop(), 250);
  return { hasBegun: () => since !== undefined };
}

function readPorts(): Ports {
  const read = ([variable, preset]: [string, number]): number => {
    const given = process.env[variable] || String(preset);
    const port = Number(given);
    if (/^\d+$/.test(given) && port >= 1 && port <= 65_535) return port;
    throw new Error(`${variable}=${given}: must be a port number from 1 to 65535.`);
  };
  const { gateway, operator, users, tasks, redis } = portVariables;
  const first = read(redis);
  return {
    ...{ gateway: read(gateway), operator: read(operator) },
    ...{ users: read(users), tasks: read(tasks), redis: first },
    ...(clustered && { cluster: Array.from({ length: 6 }, (_, node) => first + node) }),
  };
}

async function refuseBusyPorts({ cluster, ...ports }: Ports): Promise<void> {
  const names = Object.keys(portVariables) as (keyof typeof portVariables)[];
  const wanted = names.flatMap((name) => {
    const own = name === 'redis' && cluster ? cluster.flatMap((port) => [port, busOf(port)]) : [ports[name]];
    return own.map((port) => ({ name, port, variable: portVariables[name][0] }));
  });
  for (const [at, { name, port, variable }] of wanted.entries()) {
    const same = wanted.slice(0, at).find((other) => other.port === port);
    if (same) throw new Error(`${same.variable} and ${variable} are both ${port}; they must differ.`);
    if (await isFree(port)) continue;
    throw new Error(
      `Port ${port} is in use, perhaps by another npm start; set ${variable} to use another for the ${name}.`,
    );
  }
}

/** Two Redis servers on the same files would ruin them. The system lets go of the lock however this process ends. */
async function lockData(): Promise<void> {
  if (process.platform !== 'linux') return;
  mkdirSync(dataDir, { recursive: true });
  const name = createHash('sha256').update(realpathSync(dataDir)).digest('hex');
  const lock = createServer().unref().listen(`\0task-manager:${name}`);
  try {
    await once(lock, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `The data in ${dataDir} is in use by another npm start; set DATA_DIR to use another folder.`,
    );
  }
}

/** Restarts a service when its source, or what it shares, changes. */
function restartOnChange({ users, tasks }: Stack): void {
  const sources: [folder: string, parts: Part[]][] = [
    ['user-service/src', [users]],
    ['task-service/src', [tasks]],
    ['shared-events/src', [users, tasks]],
  ];
  for (const [folder, parts] of sources) {
    let pending: NodeJS.Timeout | undefined;
    watch(join(root, folder), { recursive: true }, (_, file) => {
      clearTimeout(pending);
      pending = setTimeout(async () => {
        say(`${relative(root, join(root, folder, file ?? ''))} has changed; restarting`);
        for (const part of parts) await restart(part);
      }, 100);
    });
  }
}

async function restart(part: Part): Promise<void> {
  try {
    await part.stop();
    await part.start();
  } catch (error) {
    say(`${(error as Error).message}\nWaiting for the next change.`);
  }
}

function welcome({ gateway, operator, users, tasks, redis, cluster }: Ports): void {
  const last = cluster?.at(-1);
  say(`
Ready. Gateway http://localhost:${gateway}   user service :${users}   task service :${tasks}   Redis :${redis}${last ? ` to :${last}` : ''}
Console http://localhost:${operator} (events as they come, readers, dead letters, replays)

Try, in another terminal:
  curl -i http://localhost:${gateway}/users/users -H 'Content-Type: application/json' -d '{"name":"Ada","email":"ada@example.com"}'
  redis-cli ${cluster ? '-c ' : ''}-p ${redis} XREAD STREAMS 'user-events:{0}' 'task-events:{0}' 0 0
  curl http://localhost:${gateway}/tasks/ready
${cluster ? clusterHelp(cluster) : ''}
Ctrl+C stops everything and keeps the data in ${relative(process.cwd(), dataDir) || dataDir}/.
`);
}

function clusterHelp(ports: number[]): string {
  return `
Each node with its role, partitions and lag; and how a replica takes the place of its master:
  REDIS_CLUSTER=127.0.0.1:${ports[0]} npm run events -- cluster
  redis-cli -p ${ports[masters]} CLUSTER FAILOVER
`;
}
