import {
  hashTag,
  type Layout,
  type Partition,
  partitionOf,
  type RequestContext,
  type Task,
  type TaskStatus,
  taskEvents,
  taskStatuses,
  userEvents,
} from 'shared-events';
import {
  createdRecord,
  type Idempotency,
  inTodaysShape,
  markerKeys,
  markerSeconds,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from 'shared-events/records';
import type { Store } from 'shared-events/redis';
import { readingScript, script } from 'shared-events/redis';
import { appending } from 'shared-events/service';
import {
  type Evidence,
  evidenceArgs,
  evidenceLua,
  type Handling,
  LeaseLost,
  projectionKey,
} from 'shared-events/streams';
import { knownUsers } from './known-users.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const createScript = script(
  recordLua,
  evidenceLua,
  lua('apply-task.lua'),
  lua('check-user.lua'),
  lua('create-task.lua'),
);
const changeScript = script(recordLua, lua('apply-task.lua'), lua('change-task.lua'));
const listScript = readingScript(lua('list-tasks.lua'));
const deleteScript = script(recordLua, evidenceLua, lua('apply-task.lua'), lua('delete-tasks.lua'));

/** How many tasks are deleted in one step. */
const deleteBatch = 100;

/** What the markers of Idempotency-Keys begin with. */
export const taskMarkers = 'task-keys';

/** The keys of tasks in data that is laid out so. */
export function taskKeys(layout: Layout) {
  const partition = (id: string) => partitionOf(id, layout);
  /** What the key of each record of a user's tasks begins with; the task's id follows. */
  const recordPrefix = (userId: string) => `task:${hashTag(partition(userId))}:`;
  const recordKey = (id: string) => recordPrefix(id) + id;
  const indexKey = (userId: string, status?: TaskStatus, at = partition(userId)) =>
    `tasks-of:${hashTag(at)}:${userId}${status ? `:${status}` : ''}`;
  const indexKeys = (userId: string, at = partition(userId)) => [
    indexKey(userId, undefined, at),
    ...taskStatuses.map((status) => indexKey(userId, status, at)),
  ];
  /** All keys of a task that is kept in a partition, which may be a wrong one. */
  const keysOf = ({ id, userId }: Pick<Task, 'id' | 'userId'>, at: Partition) => [
    taskEvents.key(at),
    `task:${hashTag(at)}:${id}`,
    ...indexKeys(userId, at),
  ];
  /** The marker of an Idempotency-Key, which is remembered for the task's user, and where it is noted while markers are copied. */
  const markersOf = (userId: string, { keyHash }: Idempotency) =>
    markerKeys(taskMarkers, partition(userId), keyHash);
  return { partition, recordPrefix, recordKey, indexKey, indexKeys, keysOf, markersOf };
}

/** A task that was written; or what is known of its user, with the end of user-events at that moment. */
export type CreateOutcome = { stored: Stored } | { user: 'unknown' | 'stale'; asOf: string };

export interface NewTaskRequest {
  task: Task;
  context: RequestContext;
  idempotency?: Idempotency | undefined;
  /** Where the user service has vouched for the user: the end of user-events before it was asked, and what it told. */
  vouched?: { at: string; version: string } | undefined;
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
   * it writes nothing and gives what was created then. Fails with `idempotency_key_reused` if that had another body,
   * and with `idempotency_answer_gone` if the event of that creation is there no more.
   */
  create(request: NewTaskRequest): Promise<CreateOutcome>;
  list(query: ListQuery): Promise<Page>;
  /**
   * Deletes up to a hundred tasks of a user whose deletion this is, each with its event, in one step. Resolves to whether
   * any are left to delete. Fails with LeaseLost, and deletes none, if the lease of the fence is another's, or if the
   * deletion is not in the stream of users' events.
   */
  deleteSome(deletion: Evidence & RequestContext, fence: Handling['fence']): Promise<boolean>;
}

interface TaskStoreOptions {
  redis: Store;
  writer: Store;
  layout: Layout;
}

/** Tasks as they are kept in Redis: keys and scripts. */
export function taskStore({ redis, writer, layout }: TaskStoreOptions): TaskStore {
  const { partition, recordPrefix, recordKey, indexKey, indexKeys, markersOf } = taskKeys(layout);

  return {
    ...records({
      redis,
      writer,
      stream: taskEvents,
      updated: 'task.updated',
      deleted: 'task.deleted',
      recordKey,
      change: changeScript,
      concerned({ id, userId, status }: Task, after) {
        // What it was and what it is; a task that is removed leaves the list of all.
        const lists = status === after?.status ? [] : [status, after?.status];
        const keys = lists.map((list) => indexKey(userId, list));
        return {
          keys: [taskEvents.key(partition(userId)), recordKey(id), ...keys],
          args: [after?.status ?? '', ...lists.map((list) => list ?? 'all')],
        };
      },
    }),

    async create({ task, context, idempotency, vouched = { at: '', version: '' } }) {
      const { id, userId, status } = task;
      const at = partition(userId);
      const written = { text: JSON.stringify(task), schema: taskEvents.schema };
      const lists = [indexKey(userId), indexKey(userId, status)];
      const ofUser = [projectionKey(knownUsers, at), userEvents.key(at)];
      const keys = [taskEvents.key(at), recordKey(id), ...lists, ...ofUser];
      if (idempotency) keys.push(...markersOf(userId, idempotency));
      const before = [
        idempotency?.bodyHash ?? '',
        markerSeconds,
        status,
        userId,
        vouched.at,
        vouched.version,
      ];
      const reply = (await appending('task.created', context, (from) => {
        const entry = { subject: id, data: written.text, schema: written.schema, ...from };
        return createScript(writer, keys, [
          ...before,
          ...taskEvents.encode({ type: 'task.created', ...entry }),
        ]);
      })) as string[];
      const [outcome, asOf = ''] = reply;
      if (outcome === 'unknown' || outcome === 'stale') return { user: outcome, asOf };
      return { stored: inTodaysShape(taskEvents, createdRecord(reply, written)) };
    },

    async list({ userId, status, after, count }) {
      const from = after === undefined ? '-' : `(${after}`;
      const keys = [indexKey(userId, status)];
      const args = [from, count, recordPrefix(userId)];
      const [last, ...found] = (await listScript(redis, keys, args)) as [string, ...(string | null)[]];
      const texts = found
        .filter((record) => record !== null)
        .map((record) => inTodaysShape(taskEvents, parseRecord(record)).text);
      return { texts, next: last || undefined };
    },

    async deleteSome(deletion, { key: lease, holder }) {
      const { subject: userId, request, trace } = deletion;
      const batch = await redis.zrange(indexKey(userId), 0, String(deleteBatch - 1));
      const at = partition(userId);
      const streams = { tasks: taskEvents.key(at), users: userEvents.key(at) };
      const keys = [streams.tasks, lease, ...indexKeys(userId), streams.users, ...batch.map(recordKey)];
      const outcome = await appending('task.deleted', { request, trace }, (from) => {
        // The script puts in what the record has: the document as it stands, in the shape it was written in.
        const blank = { subject: '', data: '', schema: taskEvents.schema };
        const fields = taskEvents.encode({ type: 'task.deleted', ...blank, ...from });
        // By the writer: what a failover could lose must be done before the user's deletion is acknowledged, maybe elsewhere.
        return deleteScript(writer, keys, [
          holder,
          ...evidenceArgs(deletion),
          fields.length,
          ...fields,
          ...batch,
        ]);
      });
      if (outcome === 'lost') throw new LeaseLost(lease);
      // Whether it is lost, or was told of by another node, is known to the node that has the group.
      if (outcome === 'uncaused') throw new LeaseLost(`${streams.users} has no ${deletion.id}`);
      return outcome === 'more';
    },
  };
}
