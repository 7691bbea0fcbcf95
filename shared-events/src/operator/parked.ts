import type { Redis } from 'ioredis';
import { Failure } from '../service/failure.ts';
import { groupStates, parkedEntries } from '../streams.ts';
import { asEvent } from './as-event.ts';

/** The most parked entries that one answer tells. */
const mostTold = 500;

/** The parked entries of all groups of some streams. */
export function createParked(redis: Redis, streams: readonly string[]) {
  const groupsOf = async (stream: string) =>
    (await groupStates({ redis, stream })).map(({ group }) => ({ stream, group }));

  async function entriesOf({ stream, group }: { stream: string; group: string }) {
    const list = await parkedEntries({ redis, stream, group }).list();
    return list.map(({ id, code, reason, attempts, entry }) => ({
      ...{ stream, group, id, code, reason, attempts, origin: entry[0] },
      event: asEvent(stream, entry),
    }));
  }

  return {
    async list() {
      const groups = (await Promise.all(streams.map(groupsOf))).flat();
      const all = (await Promise.all(groups.map(entriesOf))).flat();
      return { total: all.length, parked: all.slice(0, mostTold) };
    },
    /** One group's parked entries, to put back or drop. Fails with `not_found` for a stream that is not one of these. */
    of(stream: string, group: string) {
      if (!streams.includes(stream)) throw new Failure('not_found', `There is no stream ${stream}.`);
      return parkedEntries({ redis, stream, group });
    },
  };
}
