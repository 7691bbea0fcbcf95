import type { Redis } from 'ioredis';
import { hashTag, type Task, taskEvents } from 'shared-events';
import type { ReplayTarget } from 'shared-events/cli';
import {
  type Final,
  isGone,
  parseRecord,
  type RecordProjection,
  rebuildLua,
  rebuildRecords,
  recordLua,
  script,
  stateAt,
} from 'shared-events/streams';
import { taskKeys } from './store.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const stepScript = script(recordLua, rebuildLua, lua('apply-task.lua'), lua('rebuild-task.lua'));

/** The records of tasks and the index of each user's tasks, as a fold of their events. */
function taskRecords(redis: Redis, partition: number, partitions: number): RecordProjection {
  const { recordKey, keysOf } = taskKeys(partitions);
  const tag = hashTag(partition);

  async function* keysLike(prefix: string): AsyncGenerator<string> {
    for await (const found of redis.scanStream({ match: `${prefix}*`, count: 1000 }))
      yield* found as string[];
  }

  /** Records that no event accounts for. They tell themselves whose index they stand in. */
  async function* strayRecords(isLiving: (subject: string) => boolean): AsyncGenerator<Final> {
    const prefix = `task:${tag}:`;
    for await (const key of keysLike(prefix)) {
      const subject = key.slice(prefix.length);
      if (isLiving(subject)) continue;
      const record = await redis.get(recordKey(subject));
      if (record !== null) yield { subject, owner: (JSON.parse(parseRecord(record).text) as Task).userId };
    }
  }

  /** Entries of the index that no event accounts for. */
  async function* strayIndexEntries(isLiving: (subject: string) => boolean): AsyncGenerator<Final> {
    const prefix = `tasks-of:${tag}:`;
    for await (const key of keysLike(prefix)) {
      const [owner = ''] = key.slice(prefix.length).split(':');
      for await (const found of redis.zscanStream(key, { count: 1000 })) {
        for (const [at, subject] of (found as string[]).entries()) {
          if (at % 2 === 0 && !isLiving(subject)) yield { subject, owner };
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
    async *strays(isLiving) {
      yield* strayRecords(isLiving);
      yield* strayIndexEntries(isLiving);
    },
  };
}

/** What `npm run replay -- tasks` rebuilds. */
export function tasksTarget(redis: Redis, partition: number, partitions: number): ReplayTarget {
  const projection = taskRecords(redis, partition, partitions);
  return {
    stream: projection.stream,
    rebuild: (mode, signal, onRead, onDifference) =>
      rebuildRecords({
        redis,
        projection,
        mode,
        signal,
        onRead,
        onDifference: ({ subject }) => onDifference(`task ${subject} is not what its events say`),
      }),
    stateAt: async (until, onRead) =>
      (await stateAt({ redis, projection, onRead }, until)).map(({ data }) => data),
  };
}
