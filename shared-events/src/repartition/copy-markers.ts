import type { Redis } from 'ioredis';
import { hashTag, type Partition } from '../events/layout.ts';
import type { RecordSet } from '../records/replay.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from '../streams/entry-id.ts';
import { homeOfEntry, type Source } from './homes.ts';

interface CopyMarkersOptions {
  /** Where all of them are; a cluster is never taken from. */
  from: Redis;
  into: Store;
  set: RecordSet;
  sources: readonly Source[];
  signal: AbortSignal;
  /** Those that tell of an earlier creation are left out, by partition. */
  since: ReadonlyMap<Partition, string>;
}

/**
 * Copies the markers of Idempotency-Keys with the time they have left. A marker goes where the creation went that it tells
 * of; if that entry was removed, to all partitions that take from its own.
 */
export async function copyMarkers(options: CopyMarkersOptions): Promise<void> {
  const { from, into, set, sources, signal, since } = options;
  const bySource = new Map(sources.map((source) => [`${set.markers}:${hashTag(source.partition)}:`, source]));
  const found = from.scanStream({ match: `${set.markers}:{*}:*`, count: 1000, type: 'string' });
  for await (const keys of found as AsyncIterable<string[]>) {
    signal.throwIfAborted();
    await Promise.all(keys.map(copyOne));
  }

  async function copyOne(key: string): Promise<void> {
    const prefix = key.slice(0, key.lastIndexOf(':') + 1);
    const source = bySource.get(prefix);
    if (source === undefined) return;
    const [marker, time] = await Promise.all([from.get(key), from.pttl(key)]);
    const version = marker?.split(' ')[1];
    // It has run out meanwhile.
    if (marker === null || version === undefined || time <= 0) return;
    if (compareIds(version, since.get(source.partition) ?? '0-0') <= 0) return;
    const [entry] = await from.xrange(set.stream.key(source.partition), version, version);
    const homes = entry === undefined ? source.homes : [homeOfEntry(source, entry)];
    const name = key.slice(prefix.length);
    await Promise.all(
      homes.map((home) => into.set(`${set.markers}:${hashTag(home)}:${name}`, marker, 'PX', time)),
    );
  }
}
