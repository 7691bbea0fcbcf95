import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import type { Redis } from 'ioredis';
import type { CloudEvent } from 'shared-events';
import { api } from '../stack/api.ts';
import type { StackOptions } from '../stack/stack.ts';
import { type World, withStack } from '../stack/world.ts';

/** One message of a feed. */
export interface Message {
  id: string;
  event: string;
  data: string;
}

/** A client of a feed, over one connection. */
export interface FeedClient {
  messages: Message[];
  /** The id that came last, also where it came alone. */
  lastId: string;
  /** How many comments came. */
  comments: number;
  status: number;
  /** Resolves when the connection has ended, however. */
  ended: Promise<void>;
  /** Stops reading, and reads on. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Opens a feed and resolves when its answer has begun. */
export function openFeed(url: string, headers: Record<string, string> = {}): Promise<FeedClient> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { Accept: 'text/event-stream', ...headers } });
    request.once('error', reject);
    request.once('response', (response) => resolve(read(request, response)));
  });
}

function read(request: ClientRequest, response: IncomingMessage): FeedClient {
  let rest = '';
  const client: FeedClient = {
    messages: [],
    lastId: '',
    comments: 0,
    status: response.statusCode ?? 0,
    ended: new Promise((resolve) => response.once('close', resolve)),
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => request.destroy(),
  };
  // A cut connection is what most tests are about.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) take(client, block);
  });
  return client;
}

function take(client: FeedClient, block: string): void {
  const message: Message = { id: '', event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name === '') client.comments += 1;
    if (name === 'id' || name === 'event' || name === 'data') message[name] = value;
  }
  if (message.id) client.lastId = message.id;
  if (message.data) client.messages.push(message);
}

/** Where each event stood: `/user-events/0 1795383360000-0`. */
export const placesOf = (messages: Message[]): string[] =>
  messages
    .filter(({ event }) => event !== 'gap')
    .map(({ data }) => JSON.parse(data) as CloudEvent)
    .map(({ source, id }) => `${source} ${id}`);

/** Both streams, in each partition. */
export const streamsOf = (partitions: number) =>
  ['user-events', 'task-events'].flatMap((name) =>
    Array.from({ length: partitions }, (_, partition) => ({
      key: `${name}:{${partition}}`,
      source: `/${name}/${partition}`,
    })),
  );

/** Where every entry stands, in all streams. */
export async function placesIn(redis: Redis, partitions = 1): Promise<string[]> {
  const all = await Promise.all(
    streamsOf(partitions).map(async ({ key, source }) =>
      (await redis.xrange(key, '-', '+')).map(([id]) => `${source} ${id}`),
    ),
  );
  return all.flat();
}

/** Follows a feed through all breaks, as a browser does: it comes back to one of the addresses with the last id. */
export function followFeed(urls: string[], query: string) {
  const messages: Message[] = [];
  let lastId = '';
  let client: FeedClient | undefined;
  let isOver = false;
  let turn = 0;
  let breaks = 0;

  async function follow(): Promise<void> {
    while (!isOver) {
      try {
        const url = urls[turn++ % urls.length] as string;
        client = await openFeed(`${url}${query}`, lastId ? { 'Last-Event-ID': lastId } : {});
        if (isOver) client.close();
        await client.ended;
        breaks += 1;
        messages.push(...client.messages);
        lastId = client.lastId || lastId;
        client = undefined;
      } catch {
        // Down for the moment; a refused connection answers at once.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  const following = follow();
  return {
    /** All that came so far, over all connections. */
    messages: () => [...messages, ...(client?.messages ?? [])],
    breaks: () => breaks,
    /** The id that came last. */
    lastId: () => client?.lastId || lastId,
    /** Stops reading from the connection there is, and reads on. */
    pause: () => client?.pause(),
    resume: () => client?.resume(),
    /** Breaks the connection there is. */
    cut: () => client?.close(),
    async stop(): Promise<void> {
      isOver = true;
      client?.close();
      await following;
    },
  };
}

/** A client for the operators' listener that may change things. */
export function operatorApi(base: string) {
  const client = api(base);
  const headers = { 'X-Operator': 'console' };
  return {
    get: client.get,
    post: (path: string, json: unknown = {}) => client.post(path, json, headers),
    delete: (path: string) => client.delete(path, headers),
    request: client.request,
  };
}

/** A system of a test's own, with a client for its operators. */
export const withOperator = (
  run: (world: World & { operator: ReturnType<typeof operatorApi> }) => Promise<void>,
  options: StackOptions = {},
): Promise<void> =>
  withStack((world) => run({ ...world, operator: operatorApi(world.stack.urls.operator) }), options);
