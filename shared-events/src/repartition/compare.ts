import type { RawEntry } from '../events/entry.ts';
import type { Partition } from '../events/layout.ts';
import type { RecordSet } from '../records/replay.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from '../streams/entry-id.ts';
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
  const taken = new Map<Partition, AsyncGenerator<RawEntry>>();
  for (const home of source.homes) taken.set(home, entriesUpTo(into, key(home), last));
  for await (const page of pagesAfter({ redis: from, stream: key(source.partition) }, '0-0')) {
    for (const entry of page) {
      const home = homeOfEntry(source, entry);
      const copy = (await taken.get(home)?.next())?.value as RawEntry | undefined;
      if (JSON.stringify(copy) === JSON.stringify(entry)) continue;
      onDifference(
        `${key(home)} has ${copy?.[0] ?? 'nothing'} where ${key(source.partition)} has ${entry[0]}`,
      );
      return;
    }
    onRead(page.length);
  }
  for (const [home, left] of taken) {
    const { value } = await left.next();
    if (value) onDifference(`${key(home)} has ${value[0]}, which ${key(source.partition)} has not`);
  }
}

async function* entriesUpTo(redis: Store, stream: string, last: string): AsyncGenerator<RawEntry> {
  for await (const page of pagesAfter({ redis, stream }, '0-0')) {
    for (const entry of page) {
      if (compareIds(entry[0], last) > 0) return;
      yield entry;
    }
  }
}
