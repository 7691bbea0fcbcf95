import type { Redis } from 'ioredis';
import {
  hashTag,
  partitionOf,
  type RequestContext,
  type Task,
  type TaskStatus,
  taskEvents,
  taskStatuses,
  userEvents,
} from 'shared-events';
import {
  homePartition,
  type Idempotency,
  keyReused,
  markerKey,
  markerSeconds,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from 'shared-events/records';
import { readingScript, script } from 'shared-events/redis';
import { appending } from 'shared-events/service';
import { knownUsersKey } from './known-users.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const createScript = script(
  recordLua,
  lua('apply-task.lua'),
  lua('check-user.lua'),
  lua('markers.lua'),
  lua('create-task.lua'),
);
const changeScript = script(recordLua, lua('apply-task.lua'), lua('change-task.lua'));
const listScript = readingScript(lua('list-tasks.lua'));
const deleteScript = script(recordLua, lua('apply-task.lua'), lua('delete-tasks.lua'));

/** How many tasks are deleted in one step. */
const deleteBatch = 100;

/** The keys of tasks in a Redis with so many partitions. */
export function taskKeys(partitions: number) {
  const partition = (id: string) => partitionOf(id, partitions);
  /** What the key of each record of a user's tasks begins with; the task's id follows. */
  const recordPrefix = (userId: string) => `task:${hashTag(partition(userId))}:`;
  const recordKey = (id: string) => recordPrefix(id) + id;
  const indexKey = (userId: string, status?: TaskStatus) =>
    `tasks-of:${hashTag(partition(userId))}:${userId}${status ? `:${status}` : ''}`;
  const indexKeys = (userId: string) => [
    indexKey(userId),
    ...taskStatuses.map((status) => indexKey(userId, status)),
  ];
  /** The keys a change of a task touches. */
  const keysOf = ({ id, userId }: Pick<Task, 'id' | 'userId'>) => [
    taskEvents.key(partition(userId)),
    recordKey(id),
    ...indexKeys(userId),
  ];
  const markersKey = (userId: string) => `idempotency-of:${hashTag(partition(userId))}:${userId}`;
  return { partition, recordPrefix, recordKey, indexKey, indexKeys, keysOf, markersKey };
}

/** A task that was written; or what is known of its user, with the end of user-events at that moment. */
export type CreateOutcome = { stored: Stored } | { user: 'unknown' | 'stale'; asOf: string };

export interface NewTaskRequest {
  task: Task;
  context: RequestContext;
  idempotency?: Idempotency | undefined;
  /** Where the user service has vouched for the user: the end of user-events before it was asked. */
  vouchedAt?: string | undefined;
}

export interface ListQuery {
  userId: string;
  status?: TaskStatus | undefined;
  /** Only tasks with a greater id. */
  after?: string | undefined;
  /** The most tasks there may be in the page. */
  count: number;
}

export interface Page {
  /** The JSON texts of the tasks, in order of id, that is of creation. */
  texts: string[];
  /** Where the next page goes on; nothing on the last. */
  next?: string | undefined;
}

export interface TaskStore extends Records<Task> {
  /**
   * Writes a new task and its event, if its user exists at this moment. With an Idempotency-Key that was used before
   * it writes nothing and gives what was created then; fails with `idempotency_key_reused` where that had another
   * body.
   */
  create(request: NewTaskRequest): Promise<CreateOutcome>;
  list(query: ListQuery): Promise<Page>;
  /** Deletes up to a hundred tasks of a user, each with its event, in one step. Resolves to whether any are left. */
  deleteSome(userId: string, context: RequestContext): Promise<boolean>;
  /** Forgets every Idempotency-Key that tasks of a user were created with. */
  forgetKeys(userId: string): Promise<void>;
}

/** Tasks as they are kept in Redis: keys and scripts. */
export function taskStore({ redis, partitions }: { redis: Redis; partitions: number }): TaskStore {
  const { partition, recordPrefix, recordKey, indexKey, indexKeys, keysOf, markersKey } =
    taskKeys(partitions);

  /**
   * The marker of an Idempotency-Key stands beside the task, in its user's partition. So that the key is not used
   * again for a user of another partition, the partition its hash leads to keeps which body it belongs to.
   * Resolves to what takes a new claim back.
   */
  async function claimKey(key: Idempotency, taskPartition: number): Promise<() => Promise<unknown>> {
    const home = homePartition(key, partitions);
    if (home === taskPartition) return async () => {};
    const claim = `${key.bodyHash} `;
    const claimed = await redis.set(markerKey(home, key), claim, 'EX', markerSeconds, 'NX', 'GET');
    if (claimed !== null && !claimed.startsWith(claim)) throw keyReused();
    return async () => claimed === null && redis.del(markerKey(home, key));
  }

  return {
    ...records({
      redis,
      stream: taskEvents,
      updated: 'task.updated',
      deleted: 'task.deleted',
      recordKey,
      change: changeScript,
      keysOf: (task: Task) => keysOf(task),
      argsOf: ({ status }) => [status],
    }),

    async create({ task, context, idempotency, vouchedAt = '' }) {
      const at = partition(task.userId);
      const data = JSON.stringify(task);
      const keys = [...keysOf(task), knownUsersKey(at), userEvents.key(at)];
      const unclaim = await (idempotency && claimKey(idempotency, at));
      if (idempotency) keys.push(markerKey(at, idempotency), markersKey(task.userId));
      const { bodyHash = '', keyHash = '' } = idempotency ?? {};
      const before = [bodyHash, markerSeconds, task.status, task.userId, vouchedAt, keyHash];
      const reply = await appending('task.created', context, (from) => {
        const fields = taskEvents.encode({ type: 'task.created', subject: task.id, data, ...from });
        return createScript(redis, keys, [...before, ...fields]);
      });
      const [outcome, version = '', text = data] = reply as string[];
      if (outcome === 'key_reused') throw keyReused();
      if (outcome === 'unknown' || outcome === 'stale') {
        await unclaim?.();
        return { user: outcome, asOf: version };
      }
      return { stored: { version, text } };
    },

    async list({ userId, status, after, count }) {
      const from = after === undefined ? '-' : `(${after}`;
      const keys = [indexKey(userId, status)];
      const args = [from, count, recordPrefix(userId)];
      const [last, ...found] = (await listScript(redis, keys, args)) as [string, ...(string | null)[]];
      const texts = found.filter((record) => record !== null).map((record) => parseRecord(record).text);
      return { texts, next: last || undefined };
    },

    async deleteSome(userId, context) {
      const ids = await redis.zrange(indexKey(userId), 0, String(deleteBatch));
      const batch = ids.slice(0, deleteBatch);
      if (batch.length === 0) return false;
      const stream = taskEvents.key(partition(userId));
      const keys = [stream, recordKey(userId), ...indexKeys(userId), ...batch.map(recordKey)];
      await appending('task.deleted', context, (from) => {
        const fields = taskEvents.encode({ type: 'task.deleted', subject: '', data: '', ...from });
        return deleteScript(redis, keys, [fields.length, ...fields, ...batch]);
      });
      return ids.length > batch.length;
    },

    async forgetKeys(userId) {
      const hashes = await redis.zrange(markersKey(userId), 0, '-1');
      for (const keyHash of hashes) {
        await redis.del(markerKey(partition(userId), { keyHash }));
        await redis.del(markerKey(homePartition({ keyHash }, partitions), { keyHash }));
      }
      await redis.del(markersKey(userId));
    },
  };
}
