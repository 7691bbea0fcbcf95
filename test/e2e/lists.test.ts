import test from 'ava';
import type { Task, User } from 'shared-events';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem, errorPaths } from './problem.ts';

const gateway = gatewayUnderTest(test, 3);

/** Follows the next links of a list from its first page on. */
async function walk(first: string): Promise<Task[][]> {
  const pages: Task[][] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const answer = await gateway.api.get(path);
    pages.push(answer.json<Task[]>());
    path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  return pages;
}

/** A user with so many tasks, every third completed, in order of creation. */
async function userWithTasks(count: number): Promise<{ user: User; tasks: Task[] }> {
  const user = await gateway.user();
  const tasks: Task[] = [];
  for (let n = 0; n < count; n++) {
    tasks.push(
      await gateway.task(user.id, { title: `Task ${n}`, status: n % 3 === 0 ? 'completed' : 'pending' }),
    );
  }
  return { user, tasks };
}

test('a list has the tasks of one user, oldest first, and of one status where that is asked for', async (t) => {
  const { user, tasks } = await userWithTasks(7);
  await userWithTasks(2);
  const list = async (query: string) =>
    (await gateway.api.get(`/tasks/tasks?userId=${user.id}${query}`)).json();
  t.deepEqual(await list(''), tasks);
  for (const status of ['pending', 'in-progress', 'completed']) {
    t.deepEqual(
      await list(`&status=${status}`),
      tasks.filter((task) => task.status === status),
    );
  }
});

test('a task moves from list to list with its status', async (t) => {
  const { user, tasks } = await userWithTasks(2);
  await gateway.api.put(`/tasks/tasks/${tasks[0]?.id}`, { status: 'in-progress' });
  const ids = async (status: string) =>
    (await gateway.api.get(`/tasks/tasks?userId=${user.id}&status=${status}`))
      .json<Task[]>()
      .map(({ id }) => id);
  t.deepEqual(await ids('completed'), []);
  t.deepEqual(await ids('in-progress'), [tasks[0]?.id]);
  t.deepEqual(await ids('pending'), [tasks[1]?.id]);
});

test('a user without tasks, or whom nobody knows, has an empty list', async (t) => {
  const user = await gateway.user();
  for (const userId of [user.id, '01890000-0000-7000-8000-000000000000', 'nobody', '{0}']) {
    for (const query of ['', '&limit=5', '&status=pending']) {
      const answer = await gateway.api.get(`/tasks/tasks?userId=${userId}${query}`);
      t.is(answer.status, 200);
      t.is(answer.text, '[]');
      t.is(answer.headers.get('link'), null);
    }
  }
});

test('pages lead on by Link, each task once and in order, with the query kept', async (t) => {
  const { user, tasks } = await userWithTasks(10);
  const pages = await walk(`/tasks/tasks?userId=${user.id}&limit=4`);
  t.deepEqual(
    pages.map((page) => page.length),
    [4, 4, 2],
  );
  t.deepEqual(pages.flat(), tasks);
  t.deepEqual(
    (await walk(`/tasks/tasks?userId=${user.id}&limit=5`)).length,
    2,
    'a full last page leads nowhere',
  );
  const pending = await walk(`/tasks/tasks?userId=${user.id}&status=pending&limit=2`);
  t.deepEqual(
    pending.flat(),
    tasks.filter(({ status }) => status === 'pending'),
  );
});

test('tasks made or removed while one pages neither repeat nor hide the others', async (t) => {
  const { user, tasks } = await userWithTasks(6);
  const first = await gateway.api.get(`/tasks/tasks?userId=${user.id}&limit=3`);
  const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  await gateway.api.delete(`/tasks/tasks/${tasks[2]?.id}`);
  const added = await gateway.task(user.id);
  t.deepEqual((await walk(next)).flat(), [...tasks.slice(3), added]);
});

test('a list without limit comes whole, however long it is', async (t) => {
  const { user, tasks } = await userWithTasks(450);
  const answer = await gateway.api.get(`/tasks/tasks?userId=${user.id}`);
  t.deepEqual(answer.json(), tasks);
  t.is(answer.headers.get('link'), null);
  t.deepEqual((await gateway.api.get(`/users/users/${user.id}/tasks`)).json(), { user, tasks });
  t.deepEqual(
    (await gateway.api.get(`/tasks/tasks?userId=${user.id}&status=completed`)).json(),
    tasks.filter(({ status }) => status === 'completed'),
  );
  t.deepEqual(
    (await gateway.api.get(`/tasks/tasks?userId=${user.id}&cursor=${tasks[9]?.id}`)).json(),
    tasks.slice(10),
  );
  t.is((await gateway.api.request('HEAD', `/users/users/${user.id}/tasks`)).status, 200);
});

test('a query that makes no sense is refused with 422, naming each wrong parameter', async (t) => {
  const { user, tasks } = await userWithTasks(1);
  const stranger = await gateway.user();
  const cases: [query: string, path: string][] = [
    ['', 'userId'],
    ['userId=', 'userId'],
    [`userId=${user.id}&userId=${user.id}`, 'userId'],
    [`userId=${user.id}&status=done`, 'status'],
    [`userId=${user.id}&status=`, 'status'],
    [`userId=${user.id}&limit=0`, 'limit'],
    [`userId=${user.id}&limit=1001`, 'limit'],
    [`userId=${user.id}&limit=-1`, 'limit'],
    [`userId=${user.id}&limit=1e3`, 'limit'],
    [`userId=${user.id}&limit=ten`, 'limit'],
    [`userId=${user.id}&limit=1&limit=2`, 'limit'],
    [`userId=${user.id}&limit=`, 'limit'],
    [`userId=${user.id}&cursor=here`, 'cursor'],
    [`userId=${user.id}&cursor=${tasks[0]?.id}&cursor=${tasks[0]?.id}`, 'cursor'],
    [`userId=${stranger.id}&cursor=${tasks[0]?.id}`, 'cursor'],
  ];
  for (const [query, path] of cases) {
    const answer = await gateway.api.get(`/tasks/tasks?${query}`);
    assertProblem(t, answer, 422, 'validation_failed');
    t.true(errorPaths(answer).includes(path), query);
  }
  t.is((await gateway.api.get(`/tasks/tasks?userId=${user.id}&limit=1000&colour=red`)).status, 200);
});
