import type { Redis } from 'ioredis';
import type { RawEntry } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import { script } from '../redis/script.ts';
import { groupKeys, type Parking } from './group.ts';

const requeueScript = script(new URL('lua/requeue.lua', import.meta.url));

/** The consumer that entries wait with which were put back, until a real one takes them over. */
const waitingRoom = 'put-back';

/** An entry that a group has given up. */
export interface Parked extends Parking {
  /** what it is called among the parked */
  id: string;
  /** the entry as it stood in the stream; its fields are empty where it was gone already */
  entry: RawEntry;
}

/** The parked entries of one group of one stream. */
export function parkedEntries({ redis, stream, group }: { redis: Redis; stream: string; group: string }) {
  const { dead } = groupKeys(stream, group);
  return {
    /** Those that are parked, the longest parked first; so many at most, or all. */
    async list(most = Number.MAX_SAFE_INTEGER): Promise<Parked[]> {
      return (await redis.xrange(dead, '-', '+', 'COUNT', most)).map(parse);
    },
    /** How many are parked. */
    count: (): Promise<number> => redis.xlen(dead),
    /** Puts an entry back before this group, and no other. Fails with `not_parked` or `entry_gone`. */
    async requeue(id: string): Promise<void> {
      const outcome = await requeueScript(redis, [stream, dead], [group, id, waitingRoom]);
      if (outcome === 'unknown') throw notParked(id);
      if (outcome === 'gone') {
        throw new Failure(
          'entry_gone',
          `The entry of ${id} was removed from ${stream}; it can only be dropped.`,
        );
      }
    },
    /** Forgets a parked entry. Fails with `not_parked`. */
    async drop(id: string): Promise<void> {
      if ((await redis.xdel(dead, id)) === 0) throw notParked(id);
    },
  };
}

const notParked = (id: string) => new Failure('not_parked', `Nothing is parked under ${id}.`);

/** A dead letter begins with four fields of its own (see park.lua); the entry's follow. */
function parse([
  id,
  [, origin = '', , code = '', , reason = '', , attempts = '0', ...fields],
]: RawEntry): Parked {
  return { id, code, reason, attempts: Number(attempts), entry: [origin, fields] };
}
