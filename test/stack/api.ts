import { setTimeout as delay } from 'node:timers/promises';
import type { Task, User } from 'shared-events';
import { until } from './until.ts';

/** An answer with its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. */
  json<T>(): T;
}

export interface RequestOptions {
  /** Sent as JSON, with its Content-Type. */
  json?: unknown;
  /** Sent as it is. */
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

/** A client for one base address. No answer may take longer than five seconds, and none is waited for longer. */
export function api(base: string): Api {
  async function request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { json, body = json === undefined ? undefined : JSON.stringify(json), headers = {} } = options;
    const response = await fetch(base + path, {
      method,
      headers: { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body, duplex: 'half' }),
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T };
  }
  return clientOf(request);
}

type Send = (method: string, path: string, options?: RequestOptions) => Promise<Answer>;

/** A client that sends its requests so. */
export function clientOf(request: Send) {
  return {
    request,
    get: (path: string, headers?: Record<string, string>) => request('GET', path, headers ? { headers } : {}),
    post: (path: string, json: unknown, headers?: Record<string, string>) =>
      request('POST', path, { json, ...(headers && { headers }) }),
    put: (path: string, json: unknown, headers?: Record<string, string>) =>
      request('PUT', path, { json, ...(headers && { headers }) }),
    delete: (path: string, headers?: Record<string, string>) =>
      request('DELETE', path, headers ? { headers } : {}),
  };
}

export type Api = ReturnType<typeof clientOf>;

/** How long a client of a load waits before each request, in milliseconds: most of the machine is left to what is tested. */
const pace = 10;

/** A client that leaves time between its requests, for who sends one after the other for as long as something lasts. */
export const paced = ({ request }: Api): Api =>
  clientOf(async (...asked) => {
    await delay(pace);
    return request(...asked);
  });

/** What most tests begin with: a user, and tasks of theirs, made through the gateway. */
export const seed = (gateway: Api) => ({
  async user(input: object = {}): Promise<User> {
    const answer = await gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com', ...input });
    if (answer.status !== 201) throw new Error(`no user: ${answer.status} ${answer.text}`);
    return answer.json();
  },
  async task(userId: string, input: object = {}): Promise<Task> {
    const answer = await gateway.post('/tasks/tasks', { userId, title: 'Buy milk', ...input });
    if (answer.status !== 201) throw new Error(`no task: ${answer.status} ${answer.text}`);
    return answer.json();
  },
});

/** Waits until both services are ready. */
export const untilReady = (gateway: Api) =>
  until('both services are ready', async () => {
    const answers = await Promise.all([gateway.get('/users/ready'), gateway.get('/tasks/ready')]);
    return answers.every(({ status }) => status === 200);
  });
