import type { Redis } from 'ioredis';
import { type Layout, type Partition, partitionsOf } from '../events/layout.ts';
import { allStreams } from '../events/streams.ts';
import { addressOf, nodeOf, type Store } from '../redis/store.ts';
import { RedisUnavailable, unavailableIf } from '../redis/unavailable.ts';

/** A server that the data is on. */
export interface DataNode {
  address: string;
  /** `away` if it does not answer */
  role: string;
  version: string;
  /** bytes */
  memory: number;
  /** the numbers of the partitions that are on it */
  partitions: number[];
}

/** Resolves to the nodes that have partitions: one Redis has them all. */
export async function readNodes(redis: Store, layout: Layout): Promise<DataNode[]> {
  const keys = partitionsOf(layout).map((partition, number) => ({ key: keyIn(partition), number }));
  const byAddress = Map.groupBy(keys, ({ key }) => addressText(redis, key));
  return Promise.all(
    [...byAddress].map(async ([address, own]) => ({
      address,
      ...(await stateOf(nodeOf(redis, own[0]?.key as string))),
      partitions: own.map(({ number }) => number),
    })),
  );
}

/** A key of a partition. */
const keyIn = (partition: Partition): string => allStreams.map(({ key }) => key(partition))[0] as string;

function addressText(redis: Store, key: string): string {
  try {
    const { host, port } = addressOf(redis, key);
    return `${host}:${port}`;
  } catch (error) {
    if (error instanceof RedisUnavailable) return 'unknown';
    throw error;
  }
}

async function stateOf(node: Redis | undefined): Promise<Pick<DataNode, 'role' | 'version' | 'memory'>> {
  const info = await node?.info().catch(noneIfAway);
  if (info === undefined) return { role: 'away', version: '', memory: 0 };
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return { role: value('role'), version: value('redis_version'), memory: Number(value('used_memory')) };
}

function noneIfAway(error: Error): undefined {
  const failure = unavailableIf(error);
  if (!(failure instanceof RedisUnavailable)) throw failure;
}
