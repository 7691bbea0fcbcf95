import type { Redis } from 'ioredis';
import { field, type RawEntry, userEvents } from 'shared-events';

// The least that reading a stream costs a Node process with ioredis. What the system does is held against it.

const page = 1000;
const known = 'floor-known';

/** Reads all entries of a stream in pages, parses their data, and writes who is there into a hash. Events a second. */
export const foldFloor = (redis: Redis, stream: string): Promise<number> =>
  timed(redis, async () => {
    let count = 0;
    for (let from = '-'; ; ) {
      const entries = await redis.xrange(stream, from, '+', 'COUNT', page);
      if (entries.length === 0) return count;
      from = `(${entries.at(-1)?.[0]}`;
      await redis.hset(known, ...members(entries));
      count += entries.length;
    }
  });

/** The same through a consumer group of its own, with the entries acknowledged. */
export async function groupFloor(redis: Redis, stream: string): Promise<number> {
  await redis.xgroup('CREATE', stream, 'floor', '0');
  const rate = await timed(redis, async () => {
    for (let count = 0; ; ) {
      const read = await redis.xreadgroup('GROUP', 'floor', 'me', 'COUNT', page, 'STREAMS', stream, '>');
      const [, entries] = (read?.[0] ?? []) as [string?, RawEntry[]?];
      if (entries === undefined) return count;
      const ids = entries.map(([id]) => id);
      await redis
        .pipeline()
        .hset(known, ...members(entries))
        .xack(stream, 'floor', ...ids)
        .exec();
      count += entries.length;
    }
  });
  await redis.xgroup('DESTROY', stream, 'floor');
  return rate;
}

const members = (entries: RawEntry[]): string[] =>
  entries.flatMap((entry) => [JSON.parse(field(entry, 'data') ?? '').id as string, entry[0]]);

async function timed(redis: Redis, work: () => Promise<number>): Promise<number> {
  await redis.unlink(known);
  const start = performance.now();
  const count = await work();
  const seconds = (performance.now() - start) / 1000;
  await redis.unlink(known);
  return count / seconds;
}

/** Makes a stream of the first user events there are. Resolves to how many those are. */
export async function copyEvents(redis: Redis, to: string, count: number): Promise<number> {
  await redis.unlink(to);
  let copied = 0;
  for (let from = '-'; copied < count; ) {
    const entries = await redis.xrange(userEvents.key(0), from, '+', 'COUNT', Math.min(page, count - copied));
    if (entries.length === 0) break;
    from = `(${entries.at(-1)?.[0]}`;
    const pipeline = redis.pipeline();
    for (const [id, fields] of entries) pipeline.xadd(to, id, ...fields);
    await pipeline.exec();
    copied += entries.length;
  }
  return copied;
}
