import type { Redis } from 'ioredis';
import { hashTag, userEvents } from 'shared-events';
import { recordsTarget, replayCommand } from 'shared-events/cli';
import { isGone, type RecordProjection, rebuildLua, recordLua } from 'shared-events/records';
import { script } from 'shared-events/redis';
import { userKeys } from './store.ts';

// npm run replay -- users

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const stepScript = script(recordLua, rebuildLua, lua('apply-user.lua'), lua('rebuild-user.lua'));

/** The records of users, as a fold of their events. */
function userRecords(redis: Redis, partition: number, partitions: number): RecordProjection {
  const keys = userKeys(partitions);
  const stream = userEvents.key(partition);
  const prefix = `user:${hashTag(partition)}:`;
  return {
    stream,
    decode: userEvents.decode,
    async step(final, asOf, mode) {
      const { subject, last } = final;
      const args = [asOf, mode, subject, isGone(final) ? 'gone' : 'living', last?.id ?? '', last?.data ?? ''];
      return (await stepScript(redis, [stream, keys.record(subject)], args)) as
        | 'same'
        | 'different'
        | 'behind';
    },
    async *orphans(isLiving) {
      for await (const found of redis.scanStream({ match: `${prefix}*`, count: 1000 })) {
        for (const key of found as string[]) {
          const subject = key.slice(prefix.length);
          if (!isLiving(subject)) yield { subject };
        }
      }
    },
  };
}

await replayCommand({
  users: (redis, partition, partitions) =>
    recordsTarget(redis, userRecords(redis, partition, partitions), 'user'),
});
