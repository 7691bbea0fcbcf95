import { asEvent } from '../events/as-event.ts';
import { Failure } from '../failure.ts';
import type { Store } from '../redis/store.ts';
import { availableOf } from '../redis/unavailable.ts';
import { deadLetters } from '../streams/dead-letters.ts';
import { groupNames } from '../streams/lag.ts';

/** The most dead letters that one answer tells. */
const maxTold = 500;

/** Finds the dead letters of all groups of some streams. */
export function createDeadLetters(redis: Store, streams: readonly string[]) {
  const groupsOf = async (stream: string) =>
    (await groupNames({ redis, stream })).map((group) => ({ redis, stream, group }));

  return {
    /** Resolves to how many there are, and the first 500 with their reason. */
    async list() {
      const groups = (await availableOf(streams.map(groupsOf))).flat();
      const counts = await Promise.all(groups.map((group) => deadLetters(group).count()));
      const told = [];
      for (const [at, { stream, group }] of groups.entries()) {
        if (counts[at] === 0 || told.length === maxTold) continue;
        const entries = await deadLetters({ redis, stream, group }).list(maxTold - told.length);
        for (const { entry, ...about } of entries) {
          told.push({ stream, group, ...about, origin: entry[0], event: asEvent(stream, entry) });
        }
      }
      return { total: counts.reduce((sum, count) => sum + count, 0), deadLetters: told };
    },
    /** Returns one group's dead letters, to put back or drop. Fails with `not_found` if the stream is not one of these. */
    of(stream: string, group: string) {
      if (!streams.includes(stream)) throw new Failure('not_found', `There is no stream ${stream}.`);
      return deadLetters({ redis, stream, group });
    },
  };
}
