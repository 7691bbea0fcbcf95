import type { Store } from '../redis/store.ts';
import type { Positions } from './entries.ts';
import { endOf } from './pages.ts';

/** What XINFO STREAM tells. */
export interface StreamInfo {
  length: number;
  last: string;
  first: string | undefined;
  deleted: string;
  added: number;
}

/** The last id there can be, which a stream with a fence has given out. */
const lastPossible = '18446744073709551615-18446744073709551615';

/**
 * Resolves to the ids that the streams' next entries will follow; `0-0` for a stream that never had one. Of a stream with a
 * fence, which may be taken away again, it is the last entry's.
 */
export async function endsOf(redis: Store, streams: readonly string[]): Promise<Positions> {
  const end = async (stream: string): Promise<[string, string]> => {
    const { last } = await streamInfo(redis, stream);
    return [stream, last === lastPossible ? await endOf({ redis, stream }) : last];
  };
  return new Map(await Promise.all(streams.map(end)));
}

/** Resolves to how many entries some streams have together. */
export async function lengthOf(redis: Store, streams: readonly string[]): Promise<number> {
  const lengths = await Promise.all(streams.map((stream) => redis.xlen(stream)));
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** Resolves to what there is to know of a stream; a stream that does not exist is an empty one. */
export async function streamInfo(redis: Store, stream: string): Promise<StreamInfo> {
  try {
    const flat = (await redis.xinfo('STREAM', stream)) as unknown[];
    const value = (name: string) => flat[flat.indexOf(name) + 1];
    return {
      length: Number(value('length')),
      last: String(value('last-generated-id')),
      first: (value('first-entry') as [string] | null)?.[0],
      deleted: String(value('max-deleted-entry-id')),
      added: Number(value('entries-added')),
    };
  } catch (error) {
    if (!(error instanceof Error && /no such key/i.test(error.message))) throw error;
    return { length: 0, last: '0-0', first: undefined, deleted: '0-0', added: 0 };
  }
}
