import type { Redis } from 'ioredis';
import { readerStates } from '../streams/reader-states.ts';
import { streamInfo } from '../streams/stream-info.ts';

interface ReadersOptions {
  redis: Redis;
  streams: readonly string[];
}

/** Resolves to how long each stream is, how many entries it ever had, and how far each of its readers is behind. */
export async function readReaders({ redis, streams }: ReadersOptions) {
  const [lengths, readers] = await Promise.all([
    Promise.all(streams.map((stream) => measure(redis, stream))),
    readerStates(redis, streams),
  ]);
  return { time: new Date().toISOString(), streams: lengths, readers };
}

async function measure(redis: Redis, stream: string) {
  const { length, first, last, added } = await streamInfo(redis, stream);
  return { stream, length, added, first: first ?? null, last };
}
