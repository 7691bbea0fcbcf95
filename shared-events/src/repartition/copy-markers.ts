import type { Redis } from 'ioredis';
import { hashTag } from '../events/layout.ts';
import { madeMarkersKey } from '../records/idempotency.ts';
import type { RecordSet } from '../records/replay.ts';
import { keysLike, type Store } from '../redis/store.ts';
import { homeOfEntry, type Source } from './homes.ts';

interface CopyMarkersOptions {
  /** Where all of them are; a cluster is never taken from. */
  from: Redis;
  into: Store;
  set: RecordSet;
  sources: readonly Source[];
  signal: AbortSignal;
}

/** How long the markers that are made meanwhile are noted after whoever copies them was killed, in milliseconds. */
const noteTime = 60 * 60 * 1000;

/**
 * Copies the markers of Idempotency-Keys with the time they have left, from now on and until `copyMade` has copied those
 * that were made meanwhile. A marker goes where the creation went that it tells of; if that entry was removed, to all
 * partitions that take from its own. The creations' entries must be copied before.
 */
export function markerCopy({ from, into, set, sources, signal }: CopyMarkersOptions) {
  const { markers, stream } = set;
  const notes = sources.map((source) => ({ source, key: madeMarkersKey(markers, source.partition) }));
  const noted = new Set(notes.map(({ key }) => key));
  const bySource = new Map(sources.map((source) => [`${markers}:${hashTag(source.partition)}:`, source]));

  async function copyOne(key: string): Promise<void> {
    const prefix = key.slice(0, key.lastIndexOf(':') + 1);
    const source = bySource.get(prefix);
    if (source === undefined) return;
    const [marker, time] = await Promise.all([from.get(key), from.pttl(key)]);
    const version = marker?.split(' ')[1];
    // It has run out meanwhile.
    if (marker === null || version === undefined || time <= 0) return;
    const [entry] = await from.xrange(stream.key(source.partition), version, version);
    const homes = entry === undefined ? source.homes : [homeOfEntry(source, entry)];
    const name = key.slice(prefix.length);
    await Promise.all(
      homes.map((home) => into.set(`${markers}:${hashTag(home)}:${name}`, marker, 'PX', time)),
    );
  }

  return {
    async copyAll(): Promise<void> {
      for (const { key } of notes) {
        await from.del(key);
        await from.rpush(key, '');
        await from.pexpire(key, noteTime);
      }
      for await (const keys of keysLike(from, `${markers}:{`)) {
        signal.throwIfAborted();
        for (const { key } of notes) await from.pexpire(key, noteTime);
        await Promise.all(keys.filter((key) => !noted.has(key)).map(copyOne));
      }
    },
    async copyMade(): Promise<void> {
      for (const { key } of notes) {
        const [, ...made] = await from.lrange(key, 0, -1);
        for (let at = 0; at < made.length; at += 1000) {
          await Promise.all(made.slice(at, at + 1000).map(copyOne));
        }
        await from.del(key);
      }
    },
  };
}
