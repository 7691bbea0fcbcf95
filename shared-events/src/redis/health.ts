import { Cluster, type Redis } from 'ioredis';
import { hashTag } from '../events/ids.ts';
import { script } from './script.ts';
import { nodeOf, type Store } from './store.ts';
import { RedisUnavailable, unavailableIf } from './unavailable.ts';

const probeScript = script(new URL('lua/probe.lua', import.meta.url));

const replicaCount = /^connected_slaves:(\d+)/m;

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
  partitions: number,
  replicas: number,
): Promise<Map<number, Missing>> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const byNode = Map.groupBy(all, (partition) => nodeOf(redis, hashTag(partition)));
  const found = [...byNode].map(async ([node, served]): Promise<[number, Missing][]> => {
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
    const [, connected] = replicaCount.exec(await node.info('replication')) ?? [];
    return Number(connected) >= replicas ? undefined : 'writes to redis';
  } catch (error) {
    const reason = unavailableIf(error as Error);
    if (!(reason instanceof RedisUnavailable)) throw error;
    return readsOnly.test(reason.message) ? 'writes to redis' : 'redis';
  }
}
