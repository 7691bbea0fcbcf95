import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { clusterPart, type NodeAddress } from './cluster.ts';
import type { Part } from './part.ts';
import { gatewayPart, type Ports, redisAddress, redisPart, type ServiceName, servicePart } from './parts.ts';
import { freeNodePorts, freePort } from './ports.ts';

export interface StackOptions {
  /** Any free ports when left out. */
  ports?: Ports;
  /** Where the data is kept; a temporary folder, removed by `stop`, when left out. */
  dir?: string;
  /** For all services. */
  env?: Record<string, string>;
  /** For one instance of one service, beside what is for both. */
  envOf?(service: ServiceName, instance: number): Record<string, string>;
  /** How many of each service there are behind the gateway. One when left out; the first has the port in `ports`. */
  instances?: { users?: number; tasks?: number };
  /** Services beside the two, each behind the gateway at its prefix; see `servicePart` for the folder. */
  extra?: { folder: string; prefix: string; env?: Record<string, string> }[];
  /** Redis as a cluster, in place of the one Redis. Its data is then in so many partitions, and confirmed, as `env` says. */
  cluster?: ClusterOptions;
  /** Whether a part that ends without being asked to is started again. */
  supervised?: boolean;
  /** Told of each line a part prints. */
  onLine?(part: string, line: string): void;
}

interface ClusterOptions {
  /** How many nodes; six when left out: three masters, and a replica of each. */
  nodes?: number;
  /** Where services, and nodes among themselves, reach the nodes, in place of the nodes' own ports. */
  announced?: NodeAddress[];
}

/** The whole system on this machine: what it consists of and where it is. */
export interface Stack {
  ports: Ports;
  /** Where its data is kept; Redis's in `redis`. */
  dir: string;
  /** The addresses of the gateway, for clients and for operators, and, past it, of the services. */
  urls: { gateway: string; operator: string; users: string; tasks: string };
  /** The addresses of all task services, past the gateway. */
  urlsOfTasks: string[];
  redis: Part;
  /** Redis's processes: one, or those of the cluster. */
  nodes: Part[];
  /** The first user service; `userServices` has it and the others. */
  users: Part;
  userServices: Part[];
  /** The first task service; `taskServices` has it and the others. */
  tasks: Part;
  taskServices: Part[];
  /** Those of `extra`, in its order. */
  extra: Part[];
  gateway: Part;
  /** The parts, in the order in which they stop. */
  parts: Part[];
  /** Starts all parts, the gateway last, and waits until they serve; where one does not, the others are stopped again. */
  start(): Promise<void>;
  /** Stops all parts in order: first the gateway, last Redis. May be called twice. */
  stop(): Promise<void>;
}

/** What services are given beside a cluster, unless something else is said. */
const clusterEnv = ({ announced }: ClusterOptions): Record<string, string> => ({
  PARTITIONS: '24',
  REDIS_REPLICAS: '1',
  ...(announced && redisAddress({ redis: 0, cluster: announced.map(({ port }) => port) })),
});

/** Puts a stack together without starting it. */
export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const { envOf = () => ({}), instances = {}, cluster, supervised = false } = options;
  const { onLine = () => undefined } = options;
  const env = { ...(cluster && clusterEnv(cluster)), ...options.env };
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'stack-'));
  const ports = options.ports ?? (await freePorts(cluster));
  const setting = (name: string) => ({ ports, supervised, onLine: (line: string) => onLine(name, line) });
  const url = (port: number) => `http://127.0.0.1:${port}`;

  // Where there are several of a service, the other one finds them as clients do.
  const balanced = {
    ...((instances.users ?? 1) > 1 && { USER_SERVICE_BASE: `${url(ports.gateway)}/users` }),
    ...((instances.tasks ?? 1) > 1 && { TASK_BASE: `${url(ports.gateway)}/tasks` }),
  };
  const service = (name: ServiceName, of: 'users' | 'tasks', servicePorts: number[]) =>
    servicePorts.map((port, instance) =>
      servicePart(
        name,
        { ...balanced, ...env, ...envOf(name, instance) },
        { ...setting(name), ports: { ...ports, [of]: port } },
      ),
    );

  const userPorts = await portsFrom(ports.users, instances.users);
  const taskPorts = await portsFrom(ports.tasks, instances.tasks);
  const userServices = service('user-service', 'users', userPorts);
  const taskServices = service('task-service', 'tasks', taskPorts);
  const upstreams: Record<string, number[]> = { users: userPorts, tasks: taskPorts };
  const extra: Part[] = [];
  for (const { folder, prefix, env: own } of options.extra ?? []) {
    const port = await freePort();
    upstreams[prefix] = [port];
    extra.push(
      servicePart(folder, { ...balanced, ...env, PORT: String(port), ...own }, setting(basename(folder))),
    );
  }
  // Last, so that it is given the passwords of all accounts.
  const redisCluster =
    ports.cluster && clusterPart({ dir, setting, env, ports: ports.cluster, announced: cluster?.announced });
  const redis = redisCluster ?? redisPart(join(dir, 'redis'), setting('redis'));
  const gateway = gatewayPart(join(dir, 'gateway'), upstreams, setting('gateway'));
  const parts = [gateway, ...extra, ...taskServices, ...userServices, redis];

  let stopping = false;

  async function stop(): Promise<void> {
    stopping = true;
    for (const part of parts) await part.stop();
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }

  return {
    ports,
    dir,
    urls: {
      gateway: url(ports.gateway),
      operator: url(ports.operator),
      users: url(ports.users),
      tasks: url(ports.tasks),
    },
    urlsOfTasks: taskPorts.map(url),
    redis,
    nodes: redisCluster?.nodes ?? [redis],
    users: userServices[0] as Part,
    userServices,
    tasks: taskServices[0] as Part,
    taskServices,
    extra,
    gateway,
    parts,
    async start() {
      stopping = false;
      const starting: Promise<void>[] = [];
      const begin = async (next: Part[]) => {
        if (!stopping) starting.push(...next.map((part) => part.start()));
        await Promise.all(starting);
      };
      try {
        // One after the other, so that nobody tells that those are away which only start.
        await begin([redis]);
        await begin([...extra, ...taskServices, ...userServices]);
        await begin([gateway]);
      } catch (firstFailure) {
        await stop();
        await Promise.allSettled(starting);
        throw firstFailure;
      }
    },
    stop,
  };
}

/** Starts a stack on any free ports, with data of its own: with a cluster, if STACK_REDIS says so. */
export async function startStack(options?: StackOptions): Promise<Stack> {
  const stack = await createStack(isOnCluster ? { ...options, ...onCluster(options) } : options);
  await stack.start();
  return stack;
}

const isOnCluster = process.env.STACK_REDIS === 'cluster';

/** Tests that know of one Redis alone have one partition, unless they say how many. */
const onCluster = ({ env }: StackOptions = {}) => ({ cluster: {}, env: { PARTITIONS: '1', ...env } });

/** The first port, and free ones for further instances. */
async function portsFrom(first: number, instances = 1): Promise<number[]> {
  const ports = [first];
  while (ports.length < instances) ports.push(await freePort());
  return ports;
}

/** A free port for each part, and for each node if there is to be a cluster. */
export async function freePorts(cluster?: ClusterOptions): Promise<Ports> {
  const nodes = cluster && (await freeNodePorts(cluster.nodes ?? 6));
  return {
    gateway: await freePort(),
    operator: await freePort(),
    users: await freePort(),
    tasks: await freePort(),
    redis: nodes?.[0] ?? (await freePort()),
    ...(nodes && { cluster: nodes }),
  };
}
