import type { Redis } from 'ioredis';
import { partitionsOf } from '../events/layout.ts';
import type { RecordSet } from '../records/replay.ts';
import type { Store } from '../redis/store.ts';
import { fence } from '../streams/fence.ts';
import type { Projection } from '../streams/projection.ts';
import { buildProjection } from './build-projection.ts';
import { markerCopy } from './copy-markers.ts';
import { copyReaders } from './copy-readers.ts';
import { copyStream } from './copy-stream.ts';
import { type Change, type Source, sourcesOf } from './homes.ts';

/** What data consists of: the records of each stream, and the projections. */
export interface Kept {
  records: readonly RecordSet[];
  projections: readonly Projection[];
}

export interface CopyOptions extends Change, Kept {
  /** Where the data is. */
  source: Redis;
  /** Where it goes; it may be the same. */
  target: Store;
  /** who changes the layout */
  holder: string;
  signal: AbortSignal;
  onRead(entries: number): void;
  /** Called when all is copied but what is being written: before the streams are given their fences. */
  beforeFence(): Promise<void>;
}

/**
 * Copies data into another layout while it is read and written; at last it has the old streams take no entry any more, and
 * copies what is left. It may be ended at any moment and begun again: what is there is not copied a second time.
 */
export async function copyLayout(options: CopyOptions): Promise<void> {
  const {
    source: from,
    target: into,
    to: layout,
    records,
    projections,
    holder,
    beforeFence,
    onRead,
  } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const sources = sourcesOf(options);
  let isFenced = false;
  let isCopied = false;

  const upToNow: Promise<void>[] = [];
  const copies = records.flatMap((set) =>
    sources.map((source) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      upToNow.push(promise);
      return copyStream({
        ...{ from, into, set, source, layout, signal, onRead },
        isFenced: () => isFenced,
        onCaughtUp: resolve,
      });
    }),
  );
  const builds = projections.flatMap((projection) =>
    partitionsOf(layout).map((partition) =>
      buildProjection({ into, projection, partition, signal, isCopied: () => isCopied }),
    ),
  );
  const copying = Promise.all(copies);
  const building = Promise.all(builds);
  // Whichever fails first is told of by what waits for it below.
  building.catch(() => undefined);
  copying.catch(() => undefined);
  const unlessFailed = <T>(step: Promise<T>): Promise<T> =>
    Promise.race([step, failureOf(copying), failureOf(building)]);

  try {
    await unlessFailed(Promise.all(upToNow));
    const markers = records.map((set) => markerCopy({ from, into, sources, signal, set }));
    await unlessFailed(Promise.all(markers.map(({ copyAll }) => copyAll())));
    await unlessFailed(beforeFence());

    const lasts = new Map<string, string>();
    for (const { stream } of records) {
      for (const { partition } of sources) {
        const key = stream.key(partition);
        lasts.set(key, await fence({ redis: from, stream: key }, holder));
      }
    }
    isFenced = true;
    await unlessFailed(copying);
    isCopied = true;
    await Promise.all(markers.map(({ copyMade }) => copyMade()));
    for (const set of records) for (const source of sources) await copyReadersOf(set, source, lasts);
    await building;
  } catch (error) {
    // Why it was ended says more than that it was.
    options.signal.throwIfAborted();
    throw error;
  } finally {
    ending.abort();
  }

  function copyReadersOf({ stream }: RecordSet, source: Source, lasts: ReadonlyMap<string, string>) {
    const { key } = stream;
    const built = projections.filter((each) => each.stream.name === stream.name).map(({ name }) => name);
    const last = lasts.get(key(source.partition)) ?? '0-0';
    return copyReaders({ from, into, key, source, last, built: new Set(built) });
  }
}

/** Fails if some work does; never resolves. */
const failureOf = (work: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => {
    work.catch(reject);
  });
