import type { Redis } from 'ioredis';
import { compareIds } from '../streams/entry-id.ts';
import { encodeCursor } from './cursor.ts';

/** The last entries of all streams together, oldest first, and the cursor behind them. */
export async function recentEntries(redis: Redis, streams: readonly string[], count: number) {
  const pages = await Promise.all(streams.map((stream) => redis.xrevrange(stream, '+', '-', 'COUNT', count)));
  const ids = pages.map((page) => page[0]?.[0] ?? '0-0');
  const entries = pages
    .flatMap((page, at) => page.map((entry) => ({ stream: streams[at] as string, entry })))
    .toSorted((a, b) => compareIds(a.entry[0], b.entry[0]))
    .slice(-count);
  return { cursor: encodeCursor(ids), entries };
}
