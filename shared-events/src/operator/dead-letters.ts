import type { Redis } from 'ioredis';
import { asEvent } from '../events/as-event.ts';
import { Failure } from '../failure.ts';
import { parkedEntries } from '../streams/dead-letters.ts';
import { groupNames } from '../streams/lag.ts';

/** The most parked entries that one answer tells. */
const mostTold = 500;

/** The parked entries of all groups of some streams. */
export function createParked(redis: Redis, streams: readonly string[]) {
  const groupsOf = async (stream: string) =>
    (await groupNames({ redis, stream })).map((group) => ({ redis, stream, group }));

  return {
    /** How many there are, and the first 500 with their reason. */
    async list() {
      const groups = (await Promise.all(streams.map(groupsOf))).flat();
      const counts = await Promise.all(groups.map((group) => parkedEntries(group).count()));
      const parked = [];
      for (const [at, { stream, group }] of groups.entries()) {
        if (counts[at] === 0 || parked.length === mostTold) continue;
        const entries = await parkedEntries({ redis, stream, group }).list(mostTold - parked.length);
        for (const { entry, ...about } of entries) {
          parked.push({ stream, group, ...about, origin: entry[0], event: asEvent(stream, entry) });
        }
      }
      return { total: counts.reduce((sum, count) => sum + count, 0), parked };
    },
    /**
     * One group's parked entries, to put back or drop. Fails with `not_found` for a stream that is not one of these.
     */
    of(stream: string, group: string) {
      if (!streams.includes(stream)) throw new Failure('not_found', `There is no stream ${stream}.`);
      return parkedEntries({ redis, stream, group });
    },
  };
}
