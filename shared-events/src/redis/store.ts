import type { Socket } from 'node:net';
import { Cluster, Command, type Redis } from 'ioredis';
import type { Node } from '../config.ts';
import { RedisUnavailable, unavailableIf } from './unavailable.ts';

/**
 * Where commands go: to one Redis, or in a Redis Cluster each to the node that has its keys. The keys of a command, and of
 * a script, are of one partition.
 */
export type Store = Redis | Cluster;

/** Returns the address of the node that has a key, as far as is known. Fails with RedisUnavailable if nothing is. */
export function addressOf(redis: Store, key: string): Node {
  if (!(redis instanceof Cluster)) {
    const { host = '127.0.0.1', port = 6379, sentinels } = redis.options;
    if (!sentinels) return { host, port };
    // Which Redis it is was told by a Sentinel.
    const { remoteAddress, remotePort } = redis.stream as Socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      throw new RedisUnavailable('no Redis is connected');
    }
    return { host: remoteAddress, port: remotePort };
  }
  const owner = ownerOf(redis, key);
  if (owner === undefined) throw new RedisUnavailable(`no node is known that has ${key}`);
  const at = owner.lastIndexOf(':');
  return { host: owner.slice(0, at), port: Number(owner.slice(at + 1)) };
}

/** Returns the connection for commands to the node that has a key; nothing while there is none. */
export function nodeOf(redis: Store, key: string): Redis | undefined {
  if (!(redis instanceof Cluster)) return redis;
  const owner = ownerOf(redis, key);
  return redis.nodes('master').find(({ options: { host, port } }) => `${host}:${port}` === owner);
}

const ownerOf = (redis: Cluster, key: string): string | undefined => redis.slots[slotOf(key)]?.[0];

const slotOf = (key: string): number => new Command('get', [key]).getSlot();

/**
 * Returns the keys in groups that one read can have: all of them in one Redis, in a cluster those of a partition.
 */
export function readTogether(redis: Store, keys: readonly string[]): string[][] {
  if (!(redis instanceof Cluster)) return [[...keys]];
  return [...Map.groupBy(keys, slotOf).values()];
}

/**
 * Yields the keys of a node that begin so, some at a time: of the node that has them, or another key if they may be of
 * several. In a cluster of Redis from 7.4 on, and Valkey, that looks through the keys of one partition if all are of it;
 * before that, and in one Redis, through all of the node (0.6 µs a key).
 */
export async function* keysLike(redis: Store, prefix: string, at = prefix): AsyncGenerator<string[]> {
  const node = nodeOf(redis, at);
  if (node === undefined) throw new RedisUnavailable(`no node answers that has ${prefix}`);
  yield* scanned((cursor) =>
    node.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', scanCount).catch((error: Error) => {
      throw unavailableIf(error);
    }),
  );
}

/** About how much of what there is one step of a scan looks through. */
export const scanCount = 1000;

/**
 * Yields what each step of a scan finds; the next is asked for while one is used. The streams of ioredis do it too, but ask
 * by callback, and do not look at the promise that a connection of ours answers with: a failure would end the process.
 */
export async function* scanned<Found>(
  step: (cursor: string) => Promise<[cursor: string, found: Found]>,
): AsyncGenerator<Found> {
  let next: Promise<[string, Found]> | undefined = step('0');
  while (next) {
    const [cursor, found]: [string, Found] = await next;
    next = cursor === '0' ? undefined : step(cursor);
    // Whoever stops half-way never asks how the reading ahead went.
    next?.catch(() => undefined);
    yield found;
  }
}
