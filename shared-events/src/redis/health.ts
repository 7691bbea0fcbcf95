import { Cluster, type Redis } from 'ioredis';
import { hashTag, type Layout, type Partition, partitionsOf } from '../events/layout.ts';
import { script } from './script.ts';
import { nodeOf, type Store } from './store.ts';
import { RedisUnavailable, unavailableIf } from './unavailable.ts';

const probeScript = script(new URL('lua/probe.lua', import.meta.url));

/** A replica that has all that its master had, in what Redis tells of replication. */
const wholeReplica = /^slave\d+:.*,state=online,/gm;

/** What Redis replies if it serves reads alone: its memory is full, its disk fails, or it is, or lacks, a replica. */
const readsOnly = /^(OOM|MISCONF|READONLY|NOREPLICAS)\b/;

type Missing = 'redis' | 'writes to redis';

/**
 * Resolves to what of Redis is missing for good service, by partition: nothing of one that is served, `redis` if its node
 * does not answer within 1.5 seconds, or `writes to redis` if that refuses those, or has fewer replicas than must have a
 * write before it is answered.
 */
export async function missingOf(
  redis: Store,
  layout: Layout,
  replicas: number,
): Promise<Map<Partition, Missing>> {
  const byNode = Map.groupBy(partitionsOf(layout), (partition) => nodeOf(redis, hashTag(partition)));
  const found = [...byNode].map(async ([node, served]): Promise<[Partition, Missing][]> => {
    const missing = await missingAt(node, redis instanceof Cluster, replicas);
    return missing === undefined ? [] : served.map((partition) => [partition, missing]);
  });
  return new Map((await Promise.all(found)).flat());
}

async function missingAt(
  node: Redis | undefined,
  isOfCluster: boolean,
  replicas: number,
): Promise<Missing | undefined> {
  if (node === undefined) return 'redis';
  try {
    await probeScript(node, [], []);
    // A node that is cut off from the others still runs what names no key.
    const isServing = !isOfCluster || /cluster_state:ok/.test(String(await node.cluster('INFO')));
    if (!isServing) return 'redis';
    if (replicas === 0) return undefined;
    const found = (await node.info('replication')).match(wholeReplica) ?? [];
    return found.length >= replicas ? undefined : 'writes to redis';
  } catch (error) {
    const reason = unavailableIf(error as Error);
    if (!(reason instanceof RedisUnavailable)) throw error;
    return readsOnly.test(reason.message) ? 'writes to redis' : 'redis';
  }
}
