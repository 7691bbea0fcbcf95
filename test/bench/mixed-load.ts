import type { Task, User } from 'shared-events';
import { sender } from './probe.ts';
import { newTask, newUser } from './requests.ts';
import { type Latency, latencyOf } from './stats.ts';
import type { Sent } from './wrk.ts';

/** What a long load came to. */
export interface LoadResult {
  rate: number;
  latency: Latency;
  answers: Record<string, number>;
}

interface Owner {
  id: string;
  tasks: string[];
}

/** So many users live at once; then the oldest is deleted before one more is created. */
const mostUsers = 500;
/** A list stays short: a user with so many tasks gets no more. */
const mostTasks = 20;
/** How often requests are sent, in milliseconds. */
const beat = 10;
/** Of twenty requests, so many of each kind. */
const mix = { oneUser: 2, createTask: 4, updateTask: 4, readUser: 3, readTask: 4, list: 2, combined: 1 };
const turns = Object.entries(mix).flatMap(([kind, times]) =>
  Array<keyof typeof mix>(times).fill(kind as never),
);
/** Times are kept of one answer in ten: an hour has a million. */
const timedOne = 10;

/** Sends so many requests a second, of all kinds, whether or not those before are answered, until stopped. */
export function startMixedLoad(base: string, rate: number): { stop(): Promise<LoadResult> } {
  const { send, close } = sender(base);
  const owners: Owner[] = [];
  const answers: Record<string, number> = {};
  const times: number[] = [];
  const underWay = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  let answered = 0;

  /** Resolves to the document of a 2xx. */
  async function ask<T>(request: Sent): Promise<T | undefined> {
    try {
      const { status, text, ms } = await send(request);
      answers[status] = (answers[status] ?? 0) + 1;
      answered += 1;
      if (answered % timedOne === 0) times.push(ms);
      return status < 300 && text !== '' ? (JSON.parse(text) as T) : undefined;
    } catch {
      answers.none = (answers.none ?? 0) + 1;
      return undefined;
    }
  }

  /** A new user; or the oldest goes, where there are enough. Others may be asking about them just then. */
  async function createOrDeleteUser(): Promise<void> {
    const oldest = owners.length >= mostUsers && owners.shift();
    if (oldest) return void (await ask({ method: 'DELETE', path: `/users/users/${oldest.id}` }));
    const user = await ask<User>(newUser);
    if (user) owners.push({ id: user.id, tasks: [] });
  }

  async function createTask(owner: Owner): Promise<void> {
    if (owner.tasks.length >= mostTasks) return void (await ask(listOf(owner)));
    const task = await ask<Task>(newTask(owner.id));
    if (task) owner.tasks.push(task.id);
  }

  async function onTask(owner: Owner, request: (path: string) => Sent): Promise<void> {
    const task = owner.tasks[sent % Math.max(1, owner.tasks.length)];
    await (task === undefined ? createTask(owner) : ask(request(`/tasks/tasks/${task}`)));
  }

  const get = (path: string): Sent => ({ method: 'GET', path });
  const listOf = ({ id }: Owner): Sent => get(`/tasks/tasks?userId=${id}`);
  const status = () => (['pending', 'in-progress', 'completed'] as const)[sent % 3];

  async function take(kind: keyof typeof mix): Promise<void> {
    const owner = owners[Math.floor(Math.random() * owners.length)];
    if (owner === undefined || kind === 'oneUser') return createOrDeleteUser();
    if (kind === 'createTask') return createTask(owner);
    if (kind === 'readTask') return onTask(owner, get);
    if (kind === 'updateTask')
      return onTask(owner, (path) => ({ method: 'PUT', path, json: { status: status() } }));
    const paths = { readUser: `/users/users/${owner.id}`, combined: `/users/users/${owner.id}/tasks` };
    await ask(kind === 'list' ? listOf(owner) : get(paths[kind]));
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * rate;
    for (; sent < due; sent++) {
      const taking = take(turns[sent % turns.length] as keyof typeof mix);
      underWay.add(taking);
      taking.finally(() => underWay.delete(taking));
    }
  }, beat);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      close();
      const seconds = (performance.now() - start) / 1000;
      return { rate: answered / seconds, latency: latencyOf(times), answers };
    },
  };
}
