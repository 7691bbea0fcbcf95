import { randomUUID } from 'node:crypto';
import { type ChainableCommander, Redis } from 'ioredis';

// What both frameworks keep in Redis, as such services are commonly written: a record as JSON, and an event of the same
// data in a stream, both in one MULTI.

const redis = new Redis({
  host: '127.0.0.1',
  port: Number(process.env.REDIS_PORT),
  enableAutoPipelining: true,
});

type Status = 'pending' | 'in-progress' | 'completed';

interface Stored {
  id: string;
  createdAt: string;
  updatedAt: string;
}
interface User extends Stored {
  name: string;
  email: string;
}
interface Task extends Stored {
  userId: string;
  title: string;
  description: string | null;
  status: Status;
}

export type NewUser = Pick<User, 'name' | 'email'>;
export type TaskChanges = Partial<Pick<Task, 'title' | 'description' | 'status'>>;
export type NewTask = TaskChanges & Pick<Task, 'userId' | 'title'>;

export async function createUser({ name, email }: NewUser): Promise<User> {
  const user = { ...fresh(), name, email };
  await written(withEvent(redis.multi().set(`user:${user.id}`, JSON.stringify(user)), 'user.created', user));
  return user;
}

export const findUser = (id: string) => find<User>(`user:${id}`);

/** Resolves to nothing if there is no such user. */
export async function createTask(input: NewTask): Promise<Task | undefined> {
  const { userId, title, description = null, status = 'pending' } = input;
  if ((await redis.exists(`user:${userId}`)) === 0) return undefined;
  const task = { ...fresh(), userId, title, description, status };
  const record = redis.multi().set(`task:${task.id}`, JSON.stringify(task));
  await written(
    withEvent(record.zadd(`tasks-of:${userId}`, String(Date.now()), task.id), 'task.created', task),
  );
  return task;
}

export const findTask = (id: string) => find<Task>(`task:${id}`);

/** Resolves to nothing if there is no such task. */
export async function updateTask(id: string, changes: TaskChanges): Promise<Task | undefined> {
  const task = await findTask(id);
  if (!task) return undefined;
  const changed = { ...task, ...changes, updatedAt: new Date().toISOString() };
  await written(withEvent(redis.multi().set(`task:${id}`, JSON.stringify(changed)), 'task.updated', changed));
  return changed;
}

export async function tasksOf(userId: string): Promise<Task[]> {
  const ids = await redis.zrange(`tasks-of:${userId}`, 0, '-1');
  if (ids.length === 0) return [];
  const records = await redis.mget(ids.map((id) => `task:${id}`));
  return records.flatMap((record) => (record === null ? [] : JSON.parse(record)));
}

function fresh(): Stored {
  const now = new Date().toISOString();
  return { id: randomUUID(), createdAt: now, updatedAt: now };
}

async function find<T>(key: string): Promise<T | undefined> {
  const record = await redis.get(key);
  return record === null ? undefined : JSON.parse(record);
}

const withEvent = (multi: ChainableCommander, type: string, data: Stored): ChainableCommander =>
  multi.xadd(
    `${type.split('.')[0]}-events`,
    ...['*', 'type', type, 'subject', data.id, 'data', JSON.stringify(data)],
  );

/** EXEC tells of each command by itself whether it failed. */
async function written(multi: ChainableCommander): Promise<void> {
  for (const [error] of (await multi.exec()) ?? []) if (error) throw error;
}
