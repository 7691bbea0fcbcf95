import { setTimeout as delay } from 'node:timers/promises';
import type { Task, User } from 'shared-events';
import { type Attempt, attempt } from './client.ts';
import type { History } from './history.ts';

/** A document as its only client knows it. */
export interface Known {
  id: string;
  user: string;
  text: string;
  version: string;
  /** Whether the last change of it was answered. */
  certain: boolean;
}

/** How often a creation is sent again under its Idempotency-Key, and how long after the last try, in milliseconds. */
const tries = 20;
const retryPause = 100;

interface WitnessOptions {
  base: string;
  history: History;
  /** Once this says so, it sends nothing again. */
  isOver(): boolean;
  /** Its number. */
  client: number;
  /** A new Idempotency-Key for a user. */
  userKey(client: number): string;
  /** How long it waits before each request, in milliseconds. */
  pause: number;
}

/**
 * A client that knows what must be true of the documents it alone makes and changes, and takes note in the history of
 * every answer that says otherwise.
 */
export function witness({ base, history, isOver, client, userKey, pause }: WitnessOptions) {
  async function send(method: string, path: string, json?: unknown, headers?: Record<string, string>) {
    if (pause > 0) await delay(pause);
    const made = await attempt(base, method, path, {
      ...(json !== undefined && { json }),
      ...(headers && { headers }),
    });
    history.add({ ...made, client });
    return made;
  }

  const wrong = (letter: string, { method, path, status, text }: Attempt, why: string) =>
    history.violations.push(`${letter} ${method} ${path} ${status}, ${why}: ${text.slice(0, 200)}`);

  /** Creates a document, asking again under the same key until that is answered; nothing where it never is. */
  async function create(path: string, json: object, owner?: string): Promise<Known | undefined> {
    const headers = { 'Idempotency-Key': owner === undefined ? userKey(client) : crypto.randomUUID() };
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
      await delay(retryPause);
    }
    return undefined;
  }

  /** Changes a document. Where it stays unknown whether that was done, it is asked for a second time. */
  async function change(known: Known, path: string, json: object): Promise<void> {
    const requests: string[] = [];
    history.asked.push(requests);
    do {
      const headers = known.certain ? { 'If-Match': `"${known.version}"` } : undefined;
      const made = await send('PUT', path, json, headers);
      requests.push(made.requestId);
      if (made.status === 200) {
        Object.assign(known, { text: made.text, version: versionOf(made), certain: true });
        history.written.push({ requests, subject: known.id, ...known });
      } else if (isDefinite(made)) wrong('A', made, 'but nobody else changes it');
      else known.certain = false;
    } while (!known.certain && requests.length < 2 && !isOver());
  }

  /**
   * Reads a document. One whose last change was not answered is as it was or as it was to be: the change may still be
   * on its way to Redis when the service that sent it is dead, and only the next one that is answered settles it.
   */
  async function read(known: Known, path: string): Promise<void> {
    const made = await send('GET', path);
    if (made.status === 200) {
      if (known.certain && (made.text !== known.text || versionOf(made) !== known.version))
        wrong('A', made, `but it is ${known.version} ${known.text}`);
    } else if (isDefinite(made)) wrong('A', made, 'but it was created');
  }

  /** Reads something that is made of documents, and compares it where all of them are certain. */
  async function readAll(path: string, expected: string, of: Known[]): Promise<void> {
    const made = await send('GET', path);
    if (made.status === 200 && of.every(({ certain }) => certain) && made.text !== expected)
      wrong('A', made, `but it is ${expected}`);
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

  /** Tries to create a task for a user whose deletion was answered. */
  async function createTooLate(user: Known, title: string): Promise<void> {
    const late = await send('POST', '/tasks/tasks', { userId: user.id, title });
    history.refused.push(late.requestId);
    const isRight = /^(unknown_user|user_unverifiable)$/.test(codeOf(late) ?? '');
    if (late.status === 201 || (isDefinite(late) && !isRight))
      wrong('E', late, 'but the deletion of its user was answered before');
  }

  return { create, change, read, readAll, remove, createTooLate };
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
