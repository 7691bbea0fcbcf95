import { setTimeout as delay } from 'node:timers/promises';
import type { RawEntry } from '../events/entry.ts';
import type { Layout, Partition } from '../events/layout.ts';
import { copyOf } from '../records/copy.ts';
import type { RecordPartition, RecordSet } from '../records/replay.ts';
import { partitionKeys } from '../redis/partition-keys.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from '../streams/entry-id.ts';
import { pagesAfter } from '../streams/pages.ts';
import { streamInfo } from '../streams/stream-info.ts';
import { homeOfEntry, type Source } from './homes.ts';

interface CopyOptions {
  from: Store;
  into: Store;
  set: RecordSet;
  source: Source;
  /** the new layout */
  layout: Layout;
  signal: AbortSignal;
  /** Whether the stream takes no entry any more, so that its end is the end. */
  isFenced(): boolean;
  onRead(entries: number): void;
  /** Told when all that there was is copied; again whenever that is so. */
  onCaughtUp(): void;
}

/** How many entries are appended in one step, so that Redis is not held up. */
const stepSize = 100;
/** How many are read at once, at most. */
const maxPage = 2000;
/** How often a stream is looked at that all was copied of, in milliseconds. */
const pollInterval = 20;

/**
 * Copies a partition of a stream, with the records that its events make, to the partitions of another layout, and goes on
 * with what is added until the stream has a fence. The end of each new stream is where its copy stands, so it may be ended
 * at any moment and begun again.
 */
export async function copyStream(options: CopyOptions): Promise<void> {
  const { from, into, set, source, layout, signal, isFenced, onRead, onCaughtUp } = options;
  const stream = set.stream.key(source.partition);
  const listKeys = partitionKeys(into);
  const homes = new Map<Partition, Home>();
  for (const partition of source.homes) {
    const { last } = await streamInfo(into, set.stream.key(partition));
    homes.set(partition, { kept: set.open(into, partition, layout, listKeys), last });
  }

  async function copy(page: RawEntry[]): Promise<void> {
    const parts = Map.groupBy(page, (entry) => homeOfEntry(source, entry));
    await Promise.all([...parts].map(([partition, part]) => append(set, homes.get(partition) as Home, part)));
  }

  // One step for each of the new partitions, more or less.
  const size = Math.min(maxPage, stepSize * homes.size);
  let position = [...homes.values()].map(({ last }) => last).sort(compareIds)[0] ?? '0-0';
  for (;;) {
    const isAll = isFenced();
    for await (const page of pagesAfter({ redis: from, stream }, position, '+', size)) {
      signal.throwIfAborted();
      await copy(page);
      position = page.at(-1)?.[0] ?? position;
      onRead(page.length);
    }
    onCaughtUp();
    if (isAll) return;
    await delay(pollInterval, undefined, { signal });
  }
}

/** A partition of the new layout, and the last entry it has. */
interface Home {
  kept: RecordPartition<unknown>;
  last: string;
}

async function append({ stream }: RecordSet, home: Home, entries: RawEntry[]): Promise<void> {
  const missing = entries.filter(([id]) => compareIds(id, home.last) > 0);
  for (let at = 0; at < missing.length; at += stepSize) {
    const step = missing.slice(at, at + stepSize);
    await home.kept.append(step.map((entry) => copyOf(stream, entry)));
    home.last = step.at(-1)?.[0] ?? home.last;
  }
}
