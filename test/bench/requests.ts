import type { Task, User } from 'shared-events';
import { api, seed } from '../stack/api.ts';
import type { Sent } from './wrk.ts';

export const routeNames = [
  'create user',
  'create task',
  'update task',
  'read user',
  'read task',
  'list 20 tasks',
  'user with 20 tasks',
] as const;

export type RouteName = (typeof routeNames)[number];

/** The routes that do not add to what there is. */
export const steadyRoutes = routeNames.filter((name) => !name.startsWith('create'));

/** For each route, what makes the requests of a round; a round of writes gets a user of its own. */
export type Requests = Record<RouteName, () => Promise<Sent[]>>;

/** So many tasks are updated in turn that none is while an update of it is under way. */
const updated = 128;

export const newUser: Sent = {
  method: 'POST',
  path: '/users/users',
  json: { name: 'Ada Lovelace', email: 'ada@example.com' },
};

export const newTask = (userId: string): Sent => ({
  method: 'POST',
  path: '/tasks/tasks',
  json: { userId, title: 'Buy milk', description: '2% organic' },
});

const get = (path: string): Sent => ({ method: 'GET', path });

/**
 * Makes what the requests need through a gateway: a user with 20 tasks. @param ids users and tasks to read, in turn;
 * when left out, that user and one of their tasks
 */
export async function prepareRequests(
  base: string,
  ids?: { users: string[]; tasks: string[] },
): Promise<Requests> {
  const gateway = api(base);
  const user = await seed(gateway).user();
  const tasks = await tasksOf(base, user, 20);
  const { users: readUsers, tasks: readTasks } = ids ?? { users: [user.id], tasks: [String(tasks[0]?.id)] };
  const always = (requests: Sent[]) => async () => requests;
  return {
    'create user': always([newUser]),
    'create task': async () => [newTask((await seed(gateway).user()).id)],
    'update task': async () => updates(await tasksOf(base, await seed(gateway).user(), updated)),
    'read user': always(readUsers.map((id) => get(`/users/users/${id}`))),
    'read task': always(readTasks.map((id) => get(`/tasks/tasks/${id}`))),
    'list 20 tasks': always([get(`/tasks/tasks?userId=${user.id}`)]),
    'user with 20 tasks': always([get(`/users/users/${user.id}/tasks`)]),
  };
}

const tasksOf = (base: string, { id }: User, count: number): Promise<Task[]> =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      seed(api(base)).task(id, { title: `Task ${n}`, description: 'one of many' }),
    ),
  );

/** All tasks to one status, then all to another, so that every request changes its task. */
const updates = (tasks: Task[]): Sent[] =>
  ['in-progress', 'completed'].flatMap((status) =>
    tasks.map(({ id }): Sent => ({ method: 'PUT', path: `/tasks/tasks/${id}`, json: { status } })),
  );
