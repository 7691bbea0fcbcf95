import { Command } from 'ioredis';
import { type CommonConfig, commonConfig, nodesIn, readConfig } from '../config.ts';
import { hashTag, type Layout, partitionsOf } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import { type ClusterNode, clusterNodes } from '../redis/cluster-nodes.ts';
import { openRedis } from '../redis/connection.ts';
import { layoutOfData } from '../redis/layout.ts';
import type { Store } from '../redis/store.ts';
import { say, silent } from './command.ts';
import { table } from './table.ts';

/** What is told of a node. */
interface Row {
  node: string;
  role: ClusterNode['role'];
  /**
   * `failed` if the other nodes agree that it cannot be reached, `away` if only this command could not reach it,
   * `detached` if it is a replica without a connection to its master.
   */
  state: 'ok' | 'failed' | 'away' | 'detached';
  /** of a replica */
  master?: string;
  partitions: number[];
  keys?: number;
  /** in bytes */
  memory?: number;
  /** How much of what its master has written a replica has not yet, in bytes. */
  lag?: number;
}

interface Member extends ClusterNode {
  address: string;
  /** its INFO; nothing where it is not reached */
  info: string | undefined;
}

const head = ['node', 'role', 'state', 'master', 'partitions', 'keys', 'MiB', 'lag (bytes)'];
/** How long a node may take to answer, in milliseconds. */
const timeout = 1500;

/**
 * Prints each node of the cluster: its role, its partitions, how much it holds, and how far each replica is behind.
 * Fails with `no_cluster` if there is none, or no node of it answers.
 */
export async function cluster({ json }: { json: boolean }): Promise<void> {
  const config = readConfig(commonConfig, process.env);
  const nodes = await firstOf(seedsOf(config), (seed) =>
    withNode(config, seed, async (redis) => clusterNodes((await redis.cluster('NODES')) as string)),
  );
  const layout = await layoutOf(config, nodes);
  const members = await Promise.all(nodes.map((node) => memberOf(config, node)));
  const rows = inOrder(members).map((member) => rowOf(member, members, layout));
  if (json) for (const row of rows) say(JSON.stringify(row));
  else for (const line of table(head, rows.map(cellsOf))) say(line);
}

const seedsOf = ({ REDIS_CLUSTER, REDIS_HOST, REDIS_PORT }: CommonConfig): Address[] =>
  (REDIS_CLUSTER && nodesIn(REDIS_CLUSTER)) || [{ host: REDIS_HOST, port: REDIS_PORT }];

type Address = Pick<ClusterNode, 'host' | 'port'>;

async function firstOf<T>(nodes: Address[], ask: (node: Address) => Promise<T>): Promise<T> {
  try {
    return await Promise.any(nodes.map(ask));
  } catch (error) {
    const [reason] = (error as AggregateError).errors as Error[];
    throw new Failure('no_cluster', `No node of a Redis Cluster answers: ${reason?.message}.`, {
      cause: error,
    });
  }
}

/** Runs something with a connection to one node. */
async function withNode<T>(
  config: CommonConfig,
  { host, port }: Address,
  run: (redis: Store) => Promise<T>,
): Promise<T> {
  const own = { ...config, REDIS_CLUSTER: undefined, REDIS_HOST: host, REDIS_PORT: port };
  const redis = openRedis({ config: own, log: silent }, timeout);
  try {
    await new Promise((resolve, reject) => redis.once('ready', resolve).once('error', reject));
    return await run(redis);
  } finally {
    redis.disconnect();
  }
}

/** The layout of the data. Any node that holds the key knows it, a replica too when its master is away. */
const layoutOf = (config: CommonConfig, nodes: Address[]): Promise<Layout> =>
  firstOf(nodes, (node) =>
    withNode(config, node, async (redis) => {
      await redis.readonly();
      return layoutOfData(redis, config.PARTITIONS);
    }),
  );

async function memberOf(config: CommonConfig, node: ClusterNode): Promise<Member> {
  const address = `${node.host}:${node.port}`;
  const info = await withNode(config, node, (redis) => redis.info()).catch(() => undefined);
  return { ...node, address, info };
}

/** Masters by their slots, each followed by its replicas; what has neither comes last. */
function inOrder(members: Member[]): Member[] {
  const firstSlot = ({ slots }: Member) => slots[0]?.[0] ?? Number.POSITIVE_INFINITY;
  const masters = members.filter(({ role }) => role === 'master');
  masters.sort((one, other) => firstSlot(one) - firstSlot(other) || 0);
  return masters.flatMap((master) => [master, ...members.filter((each) => each.master === master.id)]);
}

function rowOf(
  { role, address, failed, slots, info, ...member }: Member,
  all: Member[],
  layout: Layout,
): Row {
  const master = all.find(({ id }) => id === member.master);
  return {
    node: address,
    role,
    state: failed ? 'failed' : stateOf(info),
    ...(master && { master: master.address }),
    partitions: partitionsIn(slots, layout),
    ...(info !== undefined && {
      keys: numberIn(info, /^db0:keys=(\d+)/m),
      memory: numberIn(info, /^used_memory:(\d+)/m),
    }),
    ...(info !== undefined && master?.info !== undefined && { lag: lagOf(info, master.info) }),
  };
}

const numberIn = (info: string, pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);

function partitionsIn(slots: ClusterNode['slots'], layout: Layout): number[] {
  const homes = partitionsOf(layout).map((partition) => new Command('get', [hashTag(partition)]).getSlot());
  const isHere = (number: number) => {
    const slot = homes[number] as number;
    return slots.some(([first, last]) => slot >= first && slot <= last);
  };
  return [...homes.keys()].filter(isHere);
}

function stateOf(info: string | undefined): Row['state'] {
  if (info === undefined) return 'away';
  return info.includes('master_link_status:down') ? 'detached' : 'ok';
}

/** The two are asked one after the other: what was written in between is no lag. */
const lagOf = (replica: string, master: string): number =>
  Math.max(
    0,
    numberIn(master, /^master_repl_offset:(\d+)/m) - numberIn(replica, /^slave_repl_offset:(\d+)/m),
  );

const cellsOf = ({ node, role, state, master, partitions, keys, memory, lag }: Row) => [
  node,
  role,
  state,
  master ?? '',
  partitions.join(),
  keys ?? '',
  memory === undefined ? '' : (memory / 2 ** 20).toFixed(1),
  lag ?? '',
];
