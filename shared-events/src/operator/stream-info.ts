import type { Redis } from 'ioredis';

/** What XINFO STREAM tells. */
export interface StreamInfo {
  length: number;
  last: string;
  first: string | undefined;
  deleted: string;
  added: number;
}

/** The id that a stream's next entry will follow; `0-0` where there never was one. */
export const lastIdOf = async (redis: Redis, stream: string): Promise<string> =>
  (await streamInfo(redis, stream)).last;

/** What there is to know of a stream; a stream that does not exist is an empty one. */
export async function streamInfo(redis: Redis, stream: string): Promise<StreamInfo> {
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
