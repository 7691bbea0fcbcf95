import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { hashTag } from 'shared-events';
import type { Part } from './part.ts';
import { redisPart, type Setting, withAccount } from './parts.ts';
import { until } from './until.ts';

/** Where a node is reached: by clients and replicas, and by the other nodes. */
export interface NodeAddress {
  port: number;
  bus: number;
}

/** A Redis Cluster, as one part of the stack. */
export interface ClusterPart extends Part {
  /** First those that are masters to begin with, then their replicas in the same order. */
  nodes: Part[];
}

interface ClusterOptions {
  /** Where the nodes keep their data, each in a folder. */
  dir: string;
  /** Of the nodes. The port for other nodes is 10,000 above, as Redis has it. */
  ports: number[];
  /** Where all others are to reach each node, in place of its own ports. Needs Linux, for addresses to tell who asks. */
  announced: NodeAddress[] | undefined;
  /**
   * Of the services: PARTITIONS, of which each master is given as many as the others, as far as that goes, and
   * REDIS_REPLICAS, without which a node takes no write.
   */
  env: Record<string, string>;
  setting(name: string): Setting;
}

/** How many of the nodes are masters to begin with. */
export const masters = 3;
/** Time for the nodes to know each other, and to have a copy of everything, in milliseconds. */
const assemblyTimeout = 60_000;

/**
 * A cluster of three masters whose other nodes are replicas of them in turn: the first start makes it, each further one
 * finds it as it was. It serves when every slot is served and every replica has all that its master has, since one that
 * has not may never take its place.
 */
export function clusterPart(options: ClusterOptions): ClusterPart {
  const { dir, ports, setting, env } = options;
  const announced = options.announced?.map(announcement) ?? [];
  const nodes = ports.map((port, at) => {
    const name = `redis-${at + 1}`;
    const { ports: all, ...rest } = setting(name);
    const args = [
      ...nodeArgs,
      '--min-replicas-to-write',
      env.REDIS_REPLICAS ?? '0',
      ...(announced[at] ?? []),
    ];
    return redisPart(join(dir, name), { ...rest, ports: { ...all, redis: port } }, {}, args);
  });
  const each = <T>(act: (node: Part) => T) => Promise.all(nodes.map(act));
  return {
    name: 'redis',
    nodes,
    async start() {
      await each((node) => node.start());
      const isMade = join(dir, 'cluster-is-made');
      const addresses = options.announced ?? ports.map((port) => ({ port, bus: busOf(port) }));
      if (!existsSync(isMade)) await make(ports, addresses, Number(env.PARTITIONS ?? 1));
      await untilWhole(ports);
      writeFileSync(isMade, '');
    },
    async stop() {
      await each((node) => node.stop());
    },
    kill: (signal) => void each((node) => node.kill(signal)),
    freeze: () => void each((node) => node.freeze()),
    thaw: () => void each((node) => node.thaw()),
    ended: async () => Math.max(...(await each((node) => node.ended())).map(Number)),
    pid: () => nodes[0]?.pid(),
  };
}

/**
 * With these a master that is gone takes the slots of no other with it, and is replaced in two to four seconds. One that
 * has been without a replica for three seconds takes no writes, if it needs one for them.
 */
const nodeArgs = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no'],
  ...['--min-replicas-max-lag', '3', '--repl-diskless-sync-delay', '0'],
];

/** The port on which other nodes reach the node of a port. */
export const busOf = (port: number): number => port + 10_000;

/** What makes a node tell others to reach it there, and shows them by its address that it is this one that asks. */
const announcement = ({ port, bus }: NodeAddress, at: number) => [
  ...['--cluster-announce-ip', '127.0.0.1', '--bind-source-addr', sourceOf(at)],
  ...['--cluster-announce-port', String(port), '--cluster-announce-bus-port', String(bus)],
];

/** The address from which a node asks others, if it is announced to be reached elsewhere. */
export const sourceOf = (node: number): string => `127.0.0.${11 + node}`;

const asAdmin = <T>(port: number, run: (redis: Redis) => Promise<T>) => withAccount('admin', port, run);

/** Makes a cluster of nodes that have no data; what an earlier try left of one is undone. */
async function make(ports: number[], addresses: NodeAddress[], partitions: number): Promise<void> {
  const slots = await placement(ports[0] as number, partitions);
  const ids: string[] = [];
  for (const [at, port] of ports.entries()) {
    await asAdmin(port, async (redis) => {
      await redis.cluster('RESET', 'HARD');
      ids.push(await redis.cluster('MYID'));
      // Nodes that begin with the same epoch would first have to settle who has which.
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
      if (at < masters) await redis.call('CLUSTER', 'ADDSLOTSRANGE', ...rangesOf(slots, at));
      for (const { port, bus } of addresses.slice(0, at))
        await redis.call('CLUSTER', 'MEET', '127.0.0.1', port, bus);
    });
  }
  for (const [at, port] of ports.entries()) {
    if (at < masters) continue;
    await until(
      `redis-${at + 1} is a replica`,
      () => asAdmin(port, (redis) => redis.cluster('REPLICATE', ids[at % masters] as string)),
      assemblyTimeout,
    );
  }
}

/**
 * Tells the master of each slot, by its place among the masters: each has a third of all, in a row but for the few that
 * are placed so that it has as many partitions as the others.
 */
async function placement(port: number, partitions: number): Promise<number[]> {
  const owners = Array.from({ length: 16_384 }, (_, slot) => Math.floor((slot * masters) / 16_384));
  const counts = Array.from({ length: masters }, () => 0);
  const most = Math.ceil(partitions / masters);
  for (let partition = 0; partition < partitions; partition++) {
    const slot = await asAdmin(port, (redis) => redis.cluster('KEYSLOT', hashTag(partition)));
    const given = owners[slot] as number;
    const owner = counts[given] === most ? counts.indexOf(Math.min(...counts)) : given;
    owners[slot] = owner;
    counts[owner] = (counts[owner] as number) + 1;
  }
  return owners;
}

/** The first and the last slot of each row of slots that a master has. */
function rangesOf(owners: number[], master: number): number[] {
  const isOwn = (slot: number) => owners[slot] === master;
  return owners.flatMap((_, slot) =>
    isOwn(slot) ? [...(isOwn(slot - 1) ? [] : [slot]), ...(isOwn(slot + 1) ? [] : [slot])] : [],
  );
}

/** Waits until every node sees every slot served, and every replica has all that its master has. */
export async function untilWhole(ports: number[], within = assemblyTimeout): Promise<void> {
  await until(
    'every node of the cluster sees it whole, and every replica has caught up',
    async () => {
      const told = await Promise.all(
        ports.map((port) =>
          asAdmin(port, async (redis) => [await redis.cluster('INFO'), await redis.info('replication')]),
        ),
      );
      const online = told.flatMap(([, info = '']) => info.match(/^slave\d+:.*,state=online,/gm) ?? []);
      return (
        told.every(([cluster = '']) => isOk(cluster, ports.length)) &&
        online.length === ports.length - masters
      );
    },
    within,
  );
}

const isOk = (cluster: string, nodes: number): boolean =>
  cluster.includes('cluster_state:ok') && cluster.includes(`cluster_known_nodes:${nodes}\r`);
