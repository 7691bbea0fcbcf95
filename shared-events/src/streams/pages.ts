import type { Redis } from 'ioredis';
import type { RawEntry } from '../events.ts';

const pageSize = 500;

interface Range {
  redis: Redis;
  stream: string;
}

/** The entries after a position up to an id, in order, page by page; the next page is read while one is used. */
export async function* pagesAfter(
  { redis, stream }: Range,
  after: string,
  until = '+',
): AsyncGenerator<RawEntry[]> {
  const read = (from: string) => redis.xrange(stream, `(${from}`, until, 'COUNT', pageSize);
  let next: Promise<RawEntry[]> | undefined = read(after);
  while (next) {
    const page: RawEntry[] = await next;
    const last = page.at(-1);
    next = last && page.length === pageSize ? read(last[0]) : undefined;
    if (last) yield page;
  }
}

/** The entries up to an id, from the last to the first, page by page; the next page is read while one is used. */
export async function* pagesBefore({ redis, stream }: Range, until = '+'): AsyncGenerator<RawEntry[]> {
  const read = (to: string) => redis.xrevrange(stream, to, '-', 'COUNT', pageSize);
  let next: Promise<RawEntry[]> | undefined = read(until);
  while (next) {
    const page: RawEntry[] = await next;
    const last = page.at(-1);
    next = last && page.length === pageSize ? read(`(${last[0]}`) : undefined;
    if (last) yield page;
  }
}

/** The id of the last entry there is; `0-0` where there is none. */
export async function endOf({ redis, stream }: Range): Promise<string> {
  const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  return last?.[0] ?? '0-0';
}
