import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import type { RawEntry } from '../events/entry.ts';
import { compareIds } from '../streams/entry-id.ts';

/** An entry, where it stands, and the positions in all streams behind it. */
export interface Found {
  stream: string;
  entry: RawEntry;
  ids: string[];
}

/** How many entries a page has in all, and at least of each stream. */
const pageSize = 100;
const minOfEach = 5;
/** How many pages may be read at once, for all clients together. */
const maxConcurrentReads = 4;

/** Orders entries of several streams by their ids, and tells the positions behind each. */
export function inOrder(
  streams: readonly string[],
  from: readonly string[],
  found: readonly { stream: string; entry: RawEntry }[],
): Found[] {
  let ids = [...from];
  return found
    .toSorted((a, b) => compareIds(a.entry[0], b.entry[0]))
    .map(({ stream, entry }) => {
      ids = ids.with(streams.indexOf(stream), entry[0]);
      return { stream, entry, ids };
    });
}

/**
 * Reads what lies between two positions in several streams, in order of id across them, in pages whose number at one
 * time is bounded for the whole process. A page may be empty; `end` is where it leaves off.
 */
export function createHistory(redis: Redis, streams: readonly string[]) {
  const limit = pLimit(maxConcurrentReads);
  const count = Math.max(minOfEach, Math.ceil(pageSize / streams.length));

  return (from: readonly string[], to: readonly string[]): Promise<{ found: Found[]; end: string[] }> =>
    limit(async () => {
      const replies = await Promise.all(
        streams.map((stream, at) =>
          compareIds(from[at] as string, to[at] as string) < 0
            ? redis.xrange(stream, `(${from[at]}`, to[at] as string, 'COUNT', count)
            : [],
        ),
      );
      const cut = replies.filter((page) => page.length === count).map((page) => (page.at(-1) as RawEntry)[0]);
      const horizon = cut.toSorted(compareIds)[0];
      const found = replies.flatMap((page, at) =>
        page
          .filter(([id]) => horizon === undefined || compareIds(id, horizon) <= 0)
          .map((entry) => ({ stream: streams[at] as string, entry })),
      );
      const ordered = inOrder(streams, from, found);
      const reached = ordered.at(-1)?.ids ?? [...from];
      return { found: ordered, end: horizon === undefined ? later(reached, to) : reached };
    });
}

/** The later of two positions in each stream. */
export const later = (a: readonly string[], b: readonly string[]): string[] =>
  a.map((id, at) => (compareIds(id, b[at] as string) < 0 ? (b[at] as string) : id));
