import type { Redis } from 'ioredis';
import { hashTag, type Task, taskEvents } from 'shared-events';
import { recordsTarget } from 'shared-events/cli';
import {
  type Final,
  isGone,
  parseRecord,
  type RecordProjection,
  rebuildLua,
  recordLua,
} from 'shared-events/records';
import { script } from 'shared-events/redis';
import { taskKeys } from './store.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const stepScript = script(recordLua, rebuildLua, lua('apply-task.lua'), lua('rebuild-task.lua'));

/** The records of tasks and the index of each user's tasks, as a fold of their events. */
function taskRecords(redis: Redis, partition: number, partitions: number): RecordProjection {
  const { recordKey, keysOf } = taskKeys(partitions);
  const tag = hashTag(partition);

  /** The keys that begin so, some at a time. */
  async function* keysLike(prefix: string): AsyncGenerator<string[]> {
    yield* redis.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>;
  }

  /** Records that no event accounts for. They tell themselves whose index they stand in. */
  async function* orphanedRecords(isLiving: (subject: string) => boolean): AsyncGenerator<Final> {
    const prefix = `task:${tag}:`;
    for await (const keys of keysLike(prefix)) {
      for (const subject of keys.map((key) => key.slice(prefix.length)).filter((id) => !isLiving(id))) {
        const record = await redis.get(recordKey(subject));
        if (record !== null) yield { subject, owner: (JSON.parse(parseRecord(record).text) as Task).userId };
      }
    }
  }

  /** Entries of the index that no event accounts for. */
  async function* orphanedIndexEntries(isLiving: (subject: string) => boolean): AsyncGenerator<Final> {
    const prefix = `tasks-of:${tag}:`;
    for await (const keys of keysLike(prefix)) {
      const pages = await Promise.all(keys.map((key) => redis.zscan(key, '0', 'COUNT', 1000)));
      for (const [at, key] of keys.entries()) {
        const [owner = ''] = key.slice(prefix.length).split(':');
        let [cursor, members] = pages[at] as [string, string[]];
        for (;;) {
          const subjects = members.filter((_, place) => place % 2 === 0);
          yield* subjects.filter((id) => !isLiving(id)).map((subject) => ({ subject, owner }));
          if (cursor === '0') break;
          [cursor, members] = await redis.zscan(key, cursor, 'COUNT', 1000);
        }
      }
    }
  }

  return {
    stream: taskEvents.key(partition),
    decode: taskEvents.decode,
    async step(final, asOf, mode) {
      const { subject, last, owner } = final;
      const task: Pick<Task, 'userId' | 'status'> = last
        ? JSON.parse(last.data)
        : { userId: owner ?? '', status: 'pending' };
      const state = isGone(final) ? 'gone' : 'living';
      const args = [asOf, mode, subject, state, last?.id ?? '', last?.data ?? '', task.status];
      const keys = keysOf({ id: subject, userId: task.userId });
      return (await stepScript(redis, keys, args)) as 'same' | 'different' | 'behind';
    },
    async *orphans(isLiving) {
      yield* orphanedRecords(isLiving);
      yield* orphanedIndexEntries(isLiving);
    },
  };
}

/** What `npm run replay -- tasks` rebuilds. */
export const tasksTarget = (redis: Redis, partition: number, partitions: number) =>
  recordsTarget(redis, taskRecords(redis, partition, partitions), 'task');
