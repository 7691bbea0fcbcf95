import { type Task, taskEvents, UndecodableEntry } from 'shared-events';
import {
  copyArgs,
  copyLua,
  documentOf,
  type Final,
  parseRecord,
  type RecordSet,
  recordLua,
  replayArgs,
  replayLua,
  type StepOutcome,
} from 'shared-events/records';
import { readingScript, type Store, script } from 'shared-events/redis';
import { evidenceLua } from 'shared-events/streams';
import { taskKeys, taskMarkers } from './store.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const copyScript = script(recordLua, evidenceLua, copyLua, lua('apply-task.lua'), lua('copy-tasks.lua'));
const replayFiles = [recordLua, evidenceLua, replayLua, lua('apply-task.lua'), lua('replay-task.lua')];
const replaySteps = { replay: script(...replayFiles), verify: readingScript(...replayFiles) };

/** The records of tasks and the index of each user's tasks, as what their events come to. */
export const taskRecords: RecordSet<Task> = {
  name: 'tasks',
  noun: 'task',
  stream: taskEvents,
  markers: taskMarkers,
  open(redis, partition, layout, listKeys) {
    const { keysOf } = taskKeys(layout);
    const types = { updated: 'task.updated', deleted: 'task.deleted' };
    return {
      async step(final, asOf, mode) {
        const { subject, last, owner = '' } = final;
        const { userId, status } = last?.data ?? { userId: owner, status: 'pending' };
        const keys = keysOf({ id: subject, userId }, partition);
        const args = [...replayArgs(final, asOf, mode, types), status];
        return (await replaySteps[mode](redis, keys, args)) as StepOutcome;
      },
      async *orphans(isLiving) {
        yield* orphanedRecords(redis, listKeys('task', partition), isLiving);
        yield* orphanedIndexEntries(redis, listKeys('tasks-of', partition), isLiving);
      },
      async append(copies) {
        const keptIn = (task: Task) => keysOf(task, partition).slice(1);
        const statusOf = ({ status }: Task) => status;
        await copyScript(redis, ...copyArgs(taskEvents.key(partition), copies, keptIn, statusOf));
      },
    };
  },
};

type IsLiving = (subject: string) => boolean;

/** Yields the records that no event accounts for. They tell themselves whose index they stand in. */
async function* orphanedRecords(
  redis: Store,
  found: AsyncIterable<string[]>,
  isLiving: IsLiving,
): AsyncGenerator<Final<Task>> {
  for await (const keys of found) {
    for (const key of keys) {
      const [, , subject = ''] = key.split(':');
      const record = isLiving(subject) ? null : await redis.get(key);
      if (record !== null) yield { subject, owner: ownerIn(record) };
    }
  }
}

/** Returns whose task a record is; nobody's if it cannot be read. */
function ownerIn(record: string): string {
  try {
    return documentOf(taskEvents, parseRecord(record)).userId;
  } catch (error) {
    if (error instanceof UndecodableEntry) return '';
    throw error;
  }
}

/** Yields the entries of the index that no event accounts for. */
async function* orphanedIndexEntries(
  redis: Store,
  found: AsyncIterable<string[]>,
  isLiving: IsLiving,
): AsyncGenerator<Final<Task>> {
  for await (const keys of found) {
    const pages = await Promise.all(keys.map((key) => redis.zscan(key, '0', 'COUNT', 1000)));
    for (const [at, key] of keys.entries()) {
      const [, , owner = ''] = key.split(':');
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
