import type { Redis } from 'ioredis';
import { type RawEntry, subjectOf } from '../events/entry.ts';
import type { Store } from '../redis/store.ts';
import { unlessAborted } from '../redis/unless-aborted.ts';
import { compareIds } from './entry-id.ts';
import { pagesAfter } from './pages.ts';

/** An entry, and the key of the stream that it is in. */
export interface StreamEntry {
  stream: string;
  entry: RawEntry;
}

/** Where a reader stands: the id of the last entry that it was given, by the key of each stream. */
export type Positions = ReadonlyMap<string, string>;

export interface Batch {
  /** in the order of their ids, across streams too */
  entries: StreamEntry[];
  /** whether the streams held nothing more when they were read */
  isCaughtUp: boolean;
}

interface ReadOptions {
  /** Opens the connection for the reads, which may block as long as `block`; it is closed when reading ends. */
  connect(): Redis;
  /**
   * Where to begin, in each stream. It is moved behind each batch before that is yielded; whoever moves it meanwhile
   * has the next read begin there.
   */
  positions: Map<string, string>;
  /** Ends reading at once. */
  signal: AbortSignal;
  /** the most entries that one read takes of each stream */
  count: number;
  /** how long a read waits for new entries, in milliseconds */
  block: number;
}

/**
 * Yields the entries of some streams, batch by batch, until the signal aborts. It waits for new ones only once it has
 * yielded everything else, and then yields an empty batch each time that none came. What Redis fails with is thrown;
 * to go on, read anew with the same positions. One XREAD reads all streams, so in a Redis Cluster they are of one slot.
 */
export async function* readBatches(options: ReadOptions): AsyncGenerator<Batch, void, undefined> {
  const { connect, positions, signal, count, block } = options;
  const reader = connect();
  const hangUp = () => reader.disconnect();
  signal.addEventListener('abort', hangUp);
  try {
    for (let isCaughtUp = false; !signal.aborted; ) {
      const keysAndIds = [...positions.keys(), ...positions.values()];
      const reply = isCaughtUp
        ? reader.xread('COUNT', count, 'BLOCK', block, 'STREAMS', ...keysAndIds)
        : reader.xread('COUNT', count, 'STREAMS', ...keysAndIds);
      const found = await unlessAborted(signal, reply);
      const batch = inOrder(found ?? [], count);
      isCaughtUp = batch.isCaughtUp;
      for (const { stream, entry } of batch.entries) positions.set(stream, entry[0]);
      yield batch;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

/** Resolves to the entries behind one position and up to another, of each stream as many as `count` at most. */
export async function readBetween(
  redis: Store,
  from: Positions,
  to: Positions,
  count: number,
): Promise<Batch> {
  const pages = [...from].map(async ([stream, after]): Promise<[string, RawEntry[]]> => {
    const until = to.get(stream) ?? '0-0';
    const isBehind = compareIds(after, until) < 0;
    return [stream, isBehind ? await redis.xrange(stream, `(${after}`, until, 'COUNT', count) : []];
  });
  return inOrder(await Promise.all(pages), count);
}

/**
 * Yields the entries that are about a subject, one stream after the other: what each page of a stream has, which may be
 * nothing, so that a caller can give up.
 */
export async function* readSubject(
  redis: Store,
  streams: readonly string[],
  subject: string,
  after = '0-0',
): AsyncGenerator<StreamEntry[], void, undefined> {
  for (const stream of streams) {
    for await (const page of pagesAfter({ redis, stream }, after)) {
      yield page.filter((entry) => subjectOf(entry) === subject).map((entry) => ({ stream, entry }));
    }
  }
}

/**
 * Puts the entries of pages of several streams in order. If a page is full, its stream may go on with ids below those of
 * other pages: what lies behind the end of a full page is left to the next read.
 */
function inOrder(pages: readonly [stream: string, RawEntry[]][], count: number): Batch {
  const entries = pages.flatMap(([stream, page]) => page.map((entry) => ({ stream, entry })));
  const full = pages.filter(([, page]) => page.length === count);
  const isCaughtUp = full.length === 0;
  if (pages.length === 1) return { entries, isCaughtUp };
  const sorted = entries.toSorted(byId);
  const [end] = full.map(([, page]) => page.at(-1) as RawEntry).toSorted((a, b) => compareIds(a[0], b[0]));
  return {
    entries: end ? sorted.filter(({ entry }) => compareIds(entry[0], end[0]) <= 0) : sorted,
    isCaughtUp,
  };
}

/** Orders entries of several streams by their ids. */
export const byId = (a: StreamEntry, b: StreamEntry): number => compareIds(a.entry[0], b.entry[0]);

/** Returns the positions behind some entries. */
export const behind = (positions: Positions, entries: readonly StreamEntry[]): Map<string, string> =>
  new Map([...positions, ...entries.map(({ stream, entry }): [string, string] => [stream, entry[0]])]);
