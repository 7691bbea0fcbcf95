import { Cluster, type Redis } from 'ioredis';
import { hashTag, type Layout, partitionsOf } from '../events/layout.ts';
import { type Store, scanCount, scanned } from '../redis/store.ts';

const tagPattern = /\{[^}]*\}/;

/** Removes everything that is kept of a layout, as long as the lock for it is held. Resolves to how many keys that were. */
export async function unlinkLayout(redis: Store, layout: Layout, checkLock: () => void): Promise<number> {
  const tags = new Set(partitionsOf(layout).map(hashTag));
  const nodes: Redis[] = redis instanceof Cluster ? redis.nodes('master') : [redis];
  let removed = 0;
  for (const node of nodes) {
    for await (const keys of scanned((cursor) => node.scan(cursor, 'MATCH', '*{*}*', 'COUNT', scanCount))) {
      checkLock();
      const own = keys.filter((key) => tags.has(tagPattern.exec(key)?.[0] ?? ''));
      await Promise.all(own.map((key) => redis.unlink(key)));
      removed += own.length;
    }
  }
  return removed;
}
