import { hashTag, type Partition } from '../events/layout.ts';
import { addressOf, keysLike, type Store } from './store.ts';

/** Lists the keys that begin with a name and a partition, such as `task:{3}:`, some at a time. */
export type ListKeys = (name: string, partition: Partition) => AsyncIterable<string[]>;

/** How many keys are kept at most; where there are more, each partition is looked for by itself. */
const maxKept = 4_000_000;
/** How many keys are yielded at once. */
const pageSize = 1000;

/**
 * Returns what lists the keys of one partition after the other. SCAN cannot look for a partition alone but in a cluster of
 * Redis 7.4, so those of all partitions of a node are looked for once, and kept until they are asked for: what was added
 * meanwhile is not among them, and what was removed still is.
 */
export function partitionKeys(redis: Store): ListKeys {
  /** by node and name: the keys by what they begin with; nothing where there are too many */
  const found = new Map<string, Promise<Map<string, string[]> | undefined>>();

  return async function* listKeys(name, partition) {
    const prefix = `${name}:${hashTag(partition)}:`;
    const { host, port } = addressOf(redis, prefix);
    const place = `${host}:${port} ${name}`;
    const looking = found.get(place) ?? keysByPartition(redis, name, prefix);
    found.set(place, looking);
    const byPrefix = await looking;
    if (byPrefix === undefined) return yield* keysLike(redis, prefix);
    const keys = byPrefix.get(prefix) ?? [];
    byPrefix.delete(prefix);
    for (let at = 0; at < keys.length; at += pageSize) yield keys.slice(at, at + pageSize);
  };
}

/** Looks through the node that has a key. Resolves to nothing if it has too many. */
async function keysByPartition(
  redis: Store,
  name: string,
  key: string,
): Promise<Map<string, string[]> | undefined> {
  const byPrefix = new Map<string, string[]>();
  let kept = 0;
  for await (const keys of keysLike(redis, `${name}:{`, key)) {
    kept += keys.length;
    if (kept > maxKept) return undefined;
    for (const each of keys) {
      const prefix = each.slice(0, each.indexOf('}') + 2);
      const own = byPrefix.get(prefix);
      if (own) own.push(each);
      else byPrefix.set(prefix, [each]);
    }
  }
  return byPrefix;
}
