import type { RawEntry } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import { script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { groupKeys, type Parking } from './group.ts';

const requeueScript = script(new URL('lua/requeue.lua', import.meta.url));

/** The consumer that entries wait with which were put back, until a real one takes them over. */
const waitingRoom = 'put-back';

/** An entry that a group has given up. */
export interface DeadLetter extends Parking {
  /** its id among the dead letters */
  id: string;
  /** the entry as it stood in the stream; its fields are empty if it was gone already */
  entry: RawEntry;
}

/** The dead letters of one group of one stream. */
export function deadLetters({ redis, stream, group }: { redis: Store; stream: string; group: string }) {
  const { dead } = groupKeys(stream, group);
  return {
    /** The dead letters, the oldest first; so many at most, or all. */
    async list(most = Number.MAX_SAFE_INTEGER): Promise<DeadLetter[]> {
      return (await redis.xrange(dead, '-', '+', 'COUNT', most)).map(parse);
    },
    /** How many there are. */
    count: (): Promise<number> => redis.xlen(dead),
    /** Puts an entry back before this group, and no other. Fails with `no_dead_letter` or `entry_gone`. */
    async requeue(id: string): Promise<void> {
      const outcome = await requeueScript(redis, [stream, dead], [group, id, waitingRoom]);
      if (outcome === 'unknown') throw noDeadLetter(id);
      if (outcome === 'gone') {
        throw new Failure(
          'entry_gone',
          `The entry of ${id} was removed from ${stream}; it can only be dropped.`,
        );
      }
    },
    /** Forgets a dead letter. Fails with `no_dead_letter`. */
    async drop(id: string): Promise<void> {
      if ((await redis.xdel(dead, id)) === 0) throw noDeadLetter(id);
    },
  };
}

const noDeadLetter = (id: string) => new Failure('no_dead_letter', `There is no dead letter ${id}.`);

/** A dead letter begins with four fields of its own (see park.lua); the entry's follow, as they stand or packed into one. */
function parse([id, all]: RawEntry): DeadLetter {
  const [first, origin = '', , code = '', , reason = '', , attempts = '0', ...rest] = all;
  const fields: string[] = first === 'packed-origin' ? JSON.parse(rest[1] ?? '[]') : rest;
  return { id, code, reason, attempts: Number(attempts), entry: [origin, fields] };
}
