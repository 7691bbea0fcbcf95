import { Redis } from 'ioredis';
import { hashTag, type RawEntry, readEntry } from 'shared-events';
import type { Ports } from './parts.ts';
import { until } from './until.ts';
import { openWholeCluster } from './whole-cluster.ts';

/** A connection of the test's own to the stack's Redis, be that one or a cluster; the test closes it. */
export function openTestRedis({ ports }: { ports: Pick<Ports, 'redis' | 'cluster'> }): Redis {
  const redis = ports.cluster
    ? openWholeCluster(ports.cluster)
    : new Redis({ port: ports.redis, host: '127.0.0.1' });
  // A test may stop Redis; what it then sends fails by itself.
  redis.on('error', () => undefined);
  return redis;
}

/** Waits until no command holds a lock: one that was killed is forgotten after five seconds. */
export const untilUnlocked = (redis: Redis) =>
  until('no command holds a lock', async () => {
    const locks = [...(await redis.keys('*:lock')), ...(await redis.keys('*:mover'))];
    return locks.length === 0;
  });

/** The entries of one partition of a stream, with their envelopes read. */
export async function entriesOf(redis: Redis, stream: string, partition = 0) {
  const raw = (await redis.xrange(`${stream}:${hashTag(partition)}`, '-', '+')) as RawEntry[];
  return raw.map(readEntry);
}

/**
 * Keeps every follower of the task service from reading on until the function it resolves to is called. Scripts go on
 * as before.
 */
export async function holdProjections(redis: Redis): Promise<() => Promise<void>> {
  await redis.acl('SETUSER', 'task-service', '-xread');
  await until('no follower waits for entries', async () => {
    const clients = (await redis.client('LIST')) as string;
    const readers = clients
      .split('\n')
      .filter(
        (line) => / user=task-service /.test(line) && / cmd=xread /.test(line) && / flags=\w*b/.test(line),
      );
    for (const reader of readers) await redis.client('KILL', 'ID', /^id=(\d+)/.exec(reader)?.[1] as string);
    return readers.length === 0;
  });
  return async () => {
    await redis.acl('SETUSER', 'task-service', '+xread');
  };
}

/** Waits until the known users of a partition hold all that its stream has. */
export async function untilKnown(redis: Redis, partition = 0): Promise<void> {
  const tag = hashTag(partition);
  await until('known-users has caught up', async () => {
    const position = (await redis.hget(`known-users:${tag}`, 'position')) ?? '0-0';
    // The entry at the position itself may have been compacted.
    return (await redis.xrange(`user-events:${tag}`, `(${position}`, '+', 'COUNT', 1)).length === 0;
  });
}

/** The names of all keys but leases: one of those ends when its holder is held up, and is taken again. */
export const keysBesideLeases = async (redis: Redis): Promise<string[]> =>
  (await redis.keys('*')).filter((key) => !key.includes(':lease:')).sort();

/** The fields of an entry as somebody might write it by hand: one that is right, but for what is given. */
export function entryFields(odd: Partial<Record<'type' | 'subject' | 'data' | 'schema', string>>): string[] {
  const { type = 'user.deleted', subject = '', data = '{}', schema = '1' } = odd;
  return ['type', type, 'subject', subject, 'data', data, 'schema', schema, 'trace', '', 'request', ''];
}
