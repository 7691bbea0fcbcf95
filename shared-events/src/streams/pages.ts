import type { RawEntry } from '../events/entry.ts';
import type { Store } from '../redis/store.ts';

/** How many entries a page has, if nothing else is said. */
const defaultSize = 500;

/** A stream, and who reads it. */
export interface StreamRange {
  redis: Store;
  stream: string;
}

/** Yields the entries after a position up to an id, in order, page by page; the next is read while one is used. */
export const pagesAfter = (
  { redis, stream }: StreamRange,
  after: string,
  until = '+',
  size = defaultSize,
): AsyncGenerator<RawEntry[]> =>
  pages((from) => redis.xrange(stream, from, until, 'COUNT', size), `(${after}`, size);

/** Yields the entries up to an id, from the last to the first, page by page; the next is read while one is used. */
export const pagesBefore = ({ redis, stream }: StreamRange, until = '+'): AsyncGenerator<RawEntry[]> =>
  pages((to) => redis.xrevrange(stream, to, '-', 'COUNT', defaultSize), until, defaultSize);

async function* pages(
  read: (from: string) => Promise<RawEntry[]>,
  first: string,
  size: number,
): AsyncGenerator<RawEntry[]> {
  let next: Promise<RawEntry[]> | undefined = read(first);
  while (next) {
    const page: RawEntry[] = await next;
    const last = page.at(-1);
    next = last && page.length === size ? read(`(${last[0]}`) : undefined;
    // Whoever stops half-way never asks how the reading ahead went.
    next?.catch(() => undefined);
    if (last) yield page;
  }
}

/** Resolves to the last entry there is; to nothing if there is none. */
export async function lastEntry({ redis, stream }: StreamRange): Promise<RawEntry | undefined> {
  const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  return last;
}

/** Resolves to the id of the last entry up to one; to `0-0` if there is none. */
export async function lastUpTo({ redis, stream }: StreamRange, id: string): Promise<string> {
  const [last] = await redis.xrevrange(stream, id, '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}

/** Resolves to the id of the last entry there is; to `0-0` if there is none. */
export const endOf = async (range: StreamRange): Promise<string> => (await lastEntry(range))?.[0] ?? '0-0';
