import { createHash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { firstLayout, partitionOf } from 'shared-events';
import { createHistory } from '../faults/history.ts';
import { startLoad } from '../faults/load.ts';
import { type TcpProxy, tcpProxy } from '../faults/tcp-proxy.ts';
import { type LoadedStack, recovery, untilServed } from '../faults/world.ts';
import { followFeed } from '../operator/world.ts';
import { api } from '../stack/api.ts';
import { busOf, masters, sourceOf, untilWhole } from '../stack/cluster.ts';
import { startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { createStack, freePorts, type Stack } from '../stack/stack.ts';

/** A node of the cluster, with what all others reach it through. */
export interface Node {
  part: Part;
  port: number;
  /** The test's own connection, past the proxies. */
  redis: Redis;
  data: TcpProxy;
  bus: TcpProxy;
  /** The address from which it asks others. */
  source: string;
}

/** A cluster under load, of which each client stays with the partitions of one shard. */
export interface ClusterWorld extends LoadedStack {
  nodes: Node[];
  /** The partitions of each shard, as they were placed. */
  shards: number[][];
  /** The feed, followed from the beginning. */
  feed: ReturnType<typeof followFeed>;
  /** An Idempotency-Key that leads a new user to a shard, or to one partition of it. */
  userKey(shard: number, partition?: number): string;
  /** Who serves a shard while all is well, and who would take its place. */
  pairOf(shard: number): Promise<{ master: Node; replica: Node }>;
}

export interface ClusterWorldOptions {
  /** How many replicas must have a write before it is answered; one when left out. */
  replicas?: number;
}

/** The shard that a client of the load stays with. */
export const shardOf = (client: number): number => client % masters;

/** Starts a cluster with proxies before all its nodes, and both services, and puts them under load. */
export async function openClusterWorld({ replicas = 1 }: ClusterWorldOptions): Promise<ClusterWorld> {
  const ports = await freePorts({});
  const proxies: Pick<Node, 'port' | 'data' | 'bus'>[] = [];
  for (const port of ports.cluster ?? [])
    proxies.push({ port, data: await tcpProxy(port), bus: await tcpProxy(busOf(port)) });
  const history = createHistory();
  const stack = await createStack({
    ports,
    // They print nothing but why they end.
    onLine: (part, line) => part.endsWith('service') && history.violations.push(`F ${part}: ${line}`),
    cluster: { announced: proxies.map(({ data, bus }) => ({ port: data.port, bus: bus.port })) },
    env: { LOG_LEVEL: 'fatal', REDIS_REPLICAS: String(replicas) },
  });
  const nodes = proxies.map((proxy, at) => nodeOf(proxy, at, stack));
  const feed = followFeed([stack.urls.operator], '/events?from=0');
  let stopLoad = async () => {};
  const close = async () => {
    await stopLoad();
    await feed.stop();
    for (const { redis } of nodes) redis.disconnect();
    await stack.stop();
    for (const { data, bus } of nodes) await Promise.all([data.close(), bus.close()]);
  };
  try {
    await stack.start();
    const shards = await shardsOf(stack, nodes);
    const userKey = (shard: number, partition?: number) =>
      keyWithin(partition === undefined ? (shards[shard] ?? []) : [partition], shards.flat().length);
    const load = startLoad(stack.urls.gateway, history, (client) => userKey(shardOf(client)));
    stopLoad = load.stop;
    return {
      ...{ stack, nodes, shards, userKey, feed, history, stopLoad, close },
      gateway: api(stack.urls.gateway),
      layout: firstLayout(shards.flat().length),
      exempt: new Set(),
      stores: () => mastersOf(nodes),
      pairOf: (shard) => pairOf(nodes, shard),
      async untilHealthy() {
        await untilWhole(ports.cluster ?? [], recovery);
        await untilServed(
          stack,
          shards.map((_, shard) => userKey(shard)),
        );
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function nodeOf(proxy: Pick<Node, 'port' | 'data' | 'bus'>, at: number, stack: Stack): Node {
  const redis = new Redis({ host: '127.0.0.1', port: proxy.port, commandTimeout: 3000 });
  // A fault may stop it; what a test then sends fails by itself.
  redis.on('error', () => undefined);
  return { ...proxy, redis, part: stack.nodes[at] as Part, source: sourceOf(at) };
}

/** The partitions of each master, as `npm run events -- cluster` tells them. */
async function shardsOf(stack: Stack, nodes: Node[]): Promise<number[][]> {
  const { output } = await startCommand('events', stack, ['cluster', '--json']).result;
  const rows = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { node: string; partitions: number[] });
  return nodes
    .slice(0, masters)
    .map(({ data }) => rows.find(({ node }) => node === `127.0.0.1:${data.port}`)?.partitions ?? []);
}

function keyWithin(partitions: number[], all: number): string {
  for (;;) {
    const key = randomUUID();
    // As the user service does it.
    const hash = createHash('sha256').update(`create-user ${key}`).digest('hex').slice(0, 32);
    if (partitions.includes(Number(partitionOf(hash, firstLayout(all))))) return key;
  }
}

const isMaster = async ({ redis }: Node): Promise<boolean> => (await redis.role())[0] === 'master';

async function mastersOf(nodes: Node[]): Promise<Redis[]> {
  const are = await Promise.all(nodes.map(isMaster));
  return nodes.filter((_, at) => are[at]).map(({ redis }) => redis);
}

async function pairOf(nodes: Node[], shard: number): Promise<{ master: Node; replica: Node }> {
  const [one, other] = [nodes[shard], nodes[shard + masters]] as [Node, Node];
  return (await isMaster(one)) ? { master: one, replica: other } : { master: other, replica: one };
}
