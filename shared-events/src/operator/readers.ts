import type { Store } from '../redis/store.ts';
import { availableOf } from '../redis/unavailable.ts';
import { consumersOf } from '../streams/lag.ts';
import { type ReaderState, readerStates } from '../streams/reader-states.ts';
import { streamInfo } from '../streams/stream-info.ts';

interface ReadersOptions {
  redis: Store;
  streams: readonly string[];
}

/**
 * Resolves to how long each stream is, how many entries it ever had, how far each of its readers is behind, and who the
 * consumers of each group are; of those streams that can be asked, if some can.
 */
export async function readReaders({ redis, streams }: ReadersOptions) {
  const [lengths, readers] = await Promise.all([
    availableOf(streams.map((stream) => measure(redis, stream))),
    readerStates(redis, streams),
  ]);
  const detailed = await availableOf(readers.map((reader) => withConsumers(redis, reader)));
  return { time: new Date().toISOString(), streams: lengths, readers: detailed };
}

const withConsumers = async (redis: Store, reader: ReaderState) =>
  reader.kind === 'group'
    ? { ...reader, consumers: await consumersOf({ redis, stream: reader.stream }, reader.name) }
    : reader;

async function measure(redis: Store, stream: string) {
  const { length, first, last, added } = await streamInfo(redis, stream);
  return { stream, length, added, first: first ?? null, last };
}
