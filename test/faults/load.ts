import type { Task, User } from 'shared-events';
import { type Attempt, attempt } from './client.ts';
import type { History } from './history.ts';

export interface Load {
  /** Lets every client finish what it is at, and waits for that. */
  stop(): Promise<void>;
}

/** A document as its only client knows it. */
interface Known {
  id: string;
  user: string;
  text: string;
  version: string;
  /** Whether the last change of it was answered. */
  certain: boolean;
}

const clients = 6;
/** How often a creation is sent again under its Idempotency-Key, and how long after the last try, in milliseconds. */
const tries = 20;
const retryPause = 100;

let names = 0;

/** Clients that make users and tasks, read, change and delete them through the gateway, each its own, without a pause. */
export function startLoad(base: string, history: History): Load {
  let stopping = false;
  const running = Array.from({ length: clients }, async () => {
    while (!stopping) await life(base, history, () => stopping);
  });
  return {
    async stop() {
      stopping = true;
      await Promise.all(running);
    },
  };
}

/** The life of one user and their tasks, from creation to deletion; each answer is compared with what must be true. */
async function life(base: string, history: History, isOver: () => boolean): Promise<void> {
  const name = `life ${names++}`;

  async function send(method: string, path: string, json?: unknown, headers?: Record<string, string>) {
    const made = await attempt(base, method, path, {
      ...(json !== undefined && { json }),
      ...(headers && { headers }),
    });
    history.add(made);
    return made;
  }

  const wrong = (letter: string, { method, path, status, text }: Attempt, why: string) =>
    history.violations.push(`${letter} ${method} ${path} ${status}, ${why}: ${text.slice(0, 200)}`);

  /** Creates a document, asking again under the same key until that is answered; nothing where it never is. */
  async function create(path: string, json: object, owner?: string): Promise<Known | undefined> {
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const requests: string[] = [];
    history.asked.push(requests);
    for (let sent = 0; sent < tries && !(sent > 0 && isOver()); sent++) {
      const made = await send('POST', path, json, headers);
      requests.push(made.requestId);
      if (made.status === 201) {
        const { id } = JSON.parse(made.text) as User | Task;
        const known = { id, user: owner ?? id, text: made.text, version: versionOf(made), certain: true };
        history.written.push({ requests, subject: id, ...known });
        return known;
      }
      if (isDefinite(made) && codeOf(made) !== 'user_unverifiable') {
        wrong(codeOf(made) === 'unknown_user' ? 'E' : 'C', made, 'but it is right and its user exists');
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, retryPause));
    }
    return undefined;
  }

  async function change(known: Known, path: string, json: object): Promise<void> {
    const headers = known.certain ? { 'If-Match': `"${known.version}"` } : undefined;
    const made = await send('PUT', path, json, headers);
    history.asked.push([made.requestId]);
    if (made.status === 200) {
      Object.assign(known, { text: made.text, version: versionOf(made), certain: true });
      history.written.push({ requests: [made.requestId], subject: known.id, ...known });
    } else if (!isDefinite(made)) known.certain = false;
    else wrong('A', made, 'but nobody else changes it');
  }

  /** Reads a document; where the outcome of a change was not known, what is read now is what came of it. */
  async function read(known: Known, path: string): Promise<void> {
    const made = await send('GET', path);
    if (made.status === 200) {
      if (!known.certain) Object.assign(known, { text: made.text, version: versionOf(made), certain: true });
      else if (made.text !== known.text || versionOf(made) !== known.version)
        wrong('A', made, `but it is ${known.version} ${known.text}`);
    } else if (isDefinite(made)) wrong('A', made, 'but it was created');
  }

  async function remove(known: Known, path: string): Promise<boolean> {
    const made = await send('DELETE', path);
    history.asked.push([made.requestId]);
    if (made.status === 204) {
      history.written.push({ requests: [made.requestId], subject: known.id, user: known.user });
      return true;
    }
    if (isDefinite(made)) wrong('A', made, 'but it was created');
    return false;
  }

  const user = await create('/users/users', { name, email: 'life@example.com' });
  if (!user) return;
  const userPath = `/users/users/${user.id}`;
  const first = await create('/tasks/tasks', { userId: user.id, title: `${name} first` }, user.id);
  const second = await create('/tasks/tasks', { userId: user.id, title: `${name} second` }, user.id);
  if (!first || !second) return;
  await change(user, userPath, { name: `${name} renamed`, email: 'life@example.com' });
  await change(first, `/tasks/tasks/${first.id}`, { status: 'completed' });
  await read(user, userPath);
  await read(first, `/tasks/tasks/${first.id}`);
  await read(second, `/tasks/tasks/${second.id}`);

  const list = await send('GET', `/tasks/tasks?userId=${user.id}`);
  const tasks = `[${first.text},${second.text}]`;
  const allCertain = user.certain && first.certain && second.certain;
  if (list.status === 200 && allCertain && list.text !== tasks) wrong('A', list, `but there are ${tasks}`);
  const view = await send('GET', `${userPath}/tasks`);
  const expected = `{"user":${user.text},"tasks":${tasks}}`;
  if (view.status === 200 && allCertain && view.text !== expected) wrong('A', view, `but it is ${expected}`);

  await change(second, `/tasks/tasks/${second.id}`, { title: `${name} changed` });
  if (Math.random() < 0.5) await remove(first, `/tasks/tasks/${first.id}`);
  if (Math.random() < 0.3 || !(await remove(user, userPath))) return;
  const late = await send('POST', '/tasks/tasks', { userId: user.id, title: `${name} too late` });
  history.refused.push(late.requestId);
  if (
    late.status === 201 ||
    (isDefinite(late) && !/^(unknown_user|user_unverifiable)$/.test(codeOf(late) ?? ''))
  )
    wrong('E', late, 'but the deletion of its user was answered before');
}

/** Whether the answer says that the request was refused, not that its outcome is unknown. */
const isDefinite = ({ status }: Attempt): boolean =>
  typeof status === 'number' && status >= 400 && status < 500;

const versionOf = ({ headers }: Attempt): string => String(headers.etag).slice(1, -1);

function codeOf({ text }: Attempt): string | undefined {
  try {
    return (JSON.parse(text) as { code?: string }).code;
  } catch {
    return undefined;
  }
}
