import type { History } from './history.ts';
import { witness } from './witness.ts';

export interface Load {
  /** Lets every client finish what it is at, and waits for that. */
  stop(): Promise<void>;
}

/** Whether all faults are to be tried, and under full load. */
export const isFull = process.env.FAULTS === 'full';

const clients = 6;
/** How long each waits before a request, in milliseconds: the short form leaves time for the tests beside it. */
const pause = isFull ? 0 : 50;

let names = 0;

/**
 * Clients that make users and tasks, read, change and delete them through the gateway, each its own, and in the full form
 * without a pause.
 * @param userKey the Idempotency-Key of a new user; it decides the user's partition
 */
export function startLoad(
  base: string,
  history: History,
  userKey: (client: number) => string = () => crypto.randomUUID(),
): Load {
  let stopping = false;
  const running = Array.from({ length: clients }, async (_, client) => {
    const one = witness({ base, history, isOver: () => stopping, client, userKey, pause });
    while (!stopping) await live(one, `life ${names++}`);
  });
  return {
    async stop() {
      stopping = true;
      await Promise.all(running);
    },
  };
}

/** The life of one user and their tasks, from creation to, most often, deletion. */
async function live(client: ReturnType<typeof witness>, name: string): Promise<void> {
  const { create, change, read, readAll, remove, createTooLate } = client;
  const user = await create('/users/users', { name, email: 'life@example.com' });
  if (!user) return;
  const first = await create('/tasks/tasks', { userId: user.id, title: `${name} first` }, user.id);
  const second = await create('/tasks/tasks', { userId: user.id, title: `${name} second` }, user.id);
  if (!first || !second) return;
  const all = [user, first, second];
  const [userPath, firstPath, secondPath] = [
    `/users/users/${user.id}`,
    `/tasks/tasks/${first.id}`,
    `/tasks/tasks/${second.id}`,
  ];

  await change(user, userPath, { name: `${name} renamed`, email: 'life@example.com' });
  await change(first, firstPath, { status: 'completed' });
  await read(user, userPath);
  await read(first, firstPath);
  await read(second, secondPath);
  const tasks = `[${first.text},${second.text}]`;
  await readAll(`/tasks/tasks?userId=${user.id}`, tasks, all);
  await readAll(`${userPath}/tasks`, `{"user":${user.text},"tasks":${tasks}}`, all);
  await change(second, secondPath, { title: `${name} changed` });
  if (Math.random() < 0.5) await remove(first, firstPath);
  if (Math.random() < 0.7 && (await remove(user, userPath))) await createTooLate(user, `${name} too late`);
}
