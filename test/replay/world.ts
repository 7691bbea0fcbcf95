import type { Redis } from 'ioredis';
import { type Task, taskStatuses, type User } from 'shared-events';
import { type Api, seed } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import { untilKnown } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';

export const partitions = 3;

export const replay = (stack: Stack, ...args: string[]) =>
  startCommand('replay', stack, args, partitions).result;
/** The task service's own part of it, which can be killed: that command only waits for it. */
export const startTaskReplay = (stack: Stack) => startCommand('task-replay', stack, ['all'], partitions);

export const env = { PARTITIONS: String(partitions), LOG_LEVEL: 'warn' };

export interface Made {
  users: User[];
  tasks: Task[];
}

/** A small world with a history: users and tasks that were made, changed and deleted. */
export async function history(gateway: Api, size: number): Promise<Made> {
  const { user, task } = seed(gateway);
  const users: User[] = [];
  const tasks: Task[] = [];
  await Promise.all(
    Array.from({ length: size }, async (_, n) => {
      const made = await user({ name: `User ${n}` });
      users.push(made);
      for (const status of taskStatuses) tasks.push(await task(made.id, { status, title: `${n} ${status}` }));
      if (n % 2 === 0)
        await gateway.put(`/users/users/${made.id}`, { name: 'Changed', email: 'c@example.com' });
      const last = tasks.filter(({ userId }) => userId === made.id).at(-1);
      if (n % 3 === 0)
        await gateway.put(`/tasks/tasks/${last?.id}`, { status: 'pending', description: 'new' });
      if (n % 4 === 0) await gateway.delete(`/tasks/tasks/${last?.id}`);
      if (n % 5 === 0) await gateway.delete(`/users/users/${made.id}`);
    }),
  );
  return { users, tasks };
}

/** Every answer that reads can get about this world, with status, version and text. */
export async function answers(gateway: Api, { users, tasks }: Made): Promise<string[]> {
  const paths = [
    ...users.flatMap(({ id }) => [
      `/users/users/${id}`,
      `/users/users/${id}/tasks`,
      ...taskStatuses.map((status) => `/tasks/tasks?userId=${id}&status=${status}`),
    ]),
    ...tasks.map(({ id }) => `/tasks/tasks/${id}`),
  ];
  const all: string[] = [];
  for (const path of paths) {
    const { status, headers, text: body } = await gateway.get(path, { 'X-Request-Id': 'same' });
    all.push(`${path} ${status} ${headers.get('etag')} ${body}`);
  }
  return all;
}

export const untilCascadesEnd = (redis: Redis) =>
  until('all deleted users are taken care of', async () => {
    for (let p = 0; p < partitions; p++) {
      const [last] = await redis.xrevrange(`user-events:{${p}}`, '+', '-', 'COUNT', 1);
      if (last && (await redis.get(`user-events:{${p}}:checkpoint:cascade`)) !== last[0]) return false;
      await untilKnown(redis, p);
    }
    return true;
  });
