import { apiClient, type Task, type User } from 'shared-events/client';
import { oneOf, somebody, something } from './words.ts';

/** How many people a team has when it is full, and how many open tasks each of them. */
const mostPeople = 30;
const mostTasks = 8;

interface Person extends Pick<User, 'id'> {
  tasks: Task[];
}

/** What somebody does, and how often as compared with the others. */
interface Habit {
  weight: number;
  act(person: Person): Promise<unknown>;
}

/**
 * People who use the API: they come, plan tasks, get them done, look at them, and leave. Returns what does one of these
 * things, by chance. It resolves whatever the answer was, and rejects if there was none.
 */
export function createTeam(gateway: string): () => Promise<unknown> {
  const api = apiClient(gateway);
  const people: Person[] = [];
  let goneId: string | undefined;

  const anyone = () => oneOf(people);
  const forget = <T>(list: T[], one: T) => list.splice(list.indexOf(one), 1);

  async function join() {
    if (people.length >= mostPeople) return leave(anyone());
    const { data } = await api.POST('/users/users', { body: somebody() });
    if (data) people.push({ id: data.id, tasks: [] });
  }

  async function leave(person: Person) {
    forget(people, person);
    const params = { path: { userId: person.id } };
    const { response } = await api.DELETE('/users/users/{userId}', { params });
    if (response.ok) goneId = person.id;
    else people.push(person);
  }

  const rename = ({ id }: Person) =>
    api.PUT('/users/users/{userId}', { params: { path: { userId: id } }, body: somebody() });

  async function plan(person: Person): Promise<unknown> {
    if (person.tasks.length >= mostTasks) return advance(person);
    const { data } = await api.POST('/tasks/tasks', { body: { userId: person.id, title: something() } });
    if (data) person.tasks.push(data);
  }

  /** A task begins, is completed, and is then cleared away. */
  async function advance(person: Person): Promise<unknown> {
    if (person.tasks.length === 0) return plan(person);
    const task = oneOf(person.tasks);
    const params = { path: { taskId: task.id } };
    if (task.status === 'completed') {
      forget(person.tasks, task);
      return api.DELETE('/tasks/tasks/{taskId}', { params });
    }
    const status = task.status === 'pending' ? 'in-progress' : 'completed';
    const { data } = await api.PUT('/tasks/tasks/{taskId}', { params, body: { status } });
    if (data) Object.assign(task, data);
    else forget(person.tasks, task);
  }

  const overview = ({ id }: Person) =>
    api.GET('/users/users/{userId}/tasks', { params: { path: { userId: id } } });

  const openTasks = ({ id }: Person) =>
    api.GET('/tasks/tasks', { params: { query: { userId: id, status: 'pending', limit: 10 } } });

  /** Somebody whose page is still open plans a task for a colleague who is gone: it is refused. */
  const planForGone = (person: Person) =>
    api.POST('/tasks/tasks', { body: { userId: goneId ?? person.id, title: something() } });

  const habits: Habit[] = [
    { weight: 4, act: join },
    { weight: 2, act: rename },
    { weight: 1, act: leave },
    { weight: 28, act: plan },
    { weight: 40, act: advance },
    { weight: 1, act: planForGone },
    { weight: 14, act: overview },
    { weight: 10, act: openTasks },
  ];

  return async () => {
    const person = anyone();
    if (person === undefined || people.length < 5) return join();
    let chance = Math.random() * habits.reduce((sum, { weight }) => sum + weight, 0);
    for (const { weight, act } of habits) {
      chance -= weight;
      if (chance < 0) return act(person);
    }
  };
}
