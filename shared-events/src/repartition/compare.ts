import type { RawEntry } from '../events/entry.ts';
import type { Partition } from '../events/layout.ts';
import type { RecordSet } from '../records/replay.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from '../streams/entry-id.ts';
import { compactedKey } from '../streams/maintenance.ts';
import { pagesAfter } from '../streams/pages.ts';
import { homeOfEntry, type Source } from './homes.ts';

interface CompareOptions {
  from: Store;
  into: Store;
  set: RecordSet;
  source: Source;
  /** Up to where the old stream was copied. */
  last: string;
  onRead(entries: number): void;
  /** Told of each difference, in a sentence. */
  onDifference(what: string): void;
}

/** Compares the entries of a partition of a stream with those of the partitions of the new layout that took them. */
export async function compareStreams(options: CompareOptions): Promise<void> {
  const { from, into, set, source, last, onRead, onDifference } = options;
  const { key } = set.stream;
  const old = key(source.partition);
  // The old one may have been compacted while it was copied, and what took its entries since then.
  const mark = await compactedUpTo(from, old);
  const oldMayLack = ([id]: RawEntry) => compareIds(id, mark) < 0;
  const taken = new Map<Partition, Taken>();
  for (const home of source.homes) {
    const left = entriesUpTo(into, key(home), last);
    const own = await compactedUpTo(into, key(home));
    const mayLack = ([id]: RawEntry) => compareIds(mark, own) < 0 && compareIds(id, own) < 0;
    taken.set(home, { left, next: await nextOf(left), mayLack });
  }

  for await (const page of pagesAfter({ redis: from, stream: old }, '0-0')) {
    for (const entry of page) {
      const home = homeOfEntry(source, entry);
      const copies = taken.get(home) as Taken;
      while (copies.next && compareIds(copies.next[0], entry[0]) < 0 && oldMayLack(copies.next)) {
        copies.next = await nextOf(copies.left);
      }
      const { next } = copies;
      if (JSON.stringify(next) === JSON.stringify(entry)) copies.next = await nextOf(copies.left);
      else if (next?.[0] === entry[0] || !copies.mayLack(entry)) {
        return onDifference(`${key(home)} has ${next?.[0] ?? 'nothing'} where ${old} has ${entry[0]}`);
      }
    }
    onRead(page.length);
  }
  for (const [home, copies] of taken) {
    while (copies.next && oldMayLack(copies.next)) copies.next = await nextOf(copies.left);
    if (copies.next) onDifference(`${key(home)} has ${copies.next[0]}, which ${old} has not`);
  }
}

/** What a partition of the new layout took of an old one, as far as it is not compared. */
interface Taken {
  left: AsyncGenerator<RawEntry>;
  next: RawEntry | undefined;
  mayLack(entry: RawEntry): boolean;
}

const compactedUpTo = async (redis: Store, stream: string): Promise<string> =>
  (await redis.get(compactedKey(stream))) ?? '0-0';

const nextOf = async (left: AsyncGenerator<RawEntry>): Promise<RawEntry | undefined> =>
  (await left.next()).value as RawEntry | undefined;

async function* entriesUpTo(redis: Store, stream: string, last: string): AsyncGenerator<RawEntry> {
  for await (const page of pagesAfter({ redis, stream }, '0-0')) {
    for (const entry of page) {
      if (compareIds(entry[0], last) > 0) return;
      yield entry;
    }
  }
}
