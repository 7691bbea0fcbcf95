import test from 'ava';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { newId, type UserEvent, userEvents } from 'shared-events';
import { openBlockingRedis, openRedis } from 'shared-events/redis';
import {
  consume,
  consumeBlock,
  follow,
  followBlock,
  keptProjection,
  projectionKey,
} from 'shared-events/streams';
import { knownUsers } from '../../task-service/src/known-users.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';

// One promise, three roads: whether a stream is followed, consumed or replayed, and whatever happens on the way, what
// comes out is the fold of its events.

const stream = userEvents.key(0);
const key = projectionKey(knownUsers, 0);
const log = pino({ level: 'silent' });

/** A way to read the stream: `start` reads until it is stopped; then `users` tells who is there. */
interface Road {
  start(port: number): { stop(): Promise<void> };
  users(redis: Redis): Promise<string[]>;
}

function connections(port: number) {
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: port };
  const redis = openRedis({ config, log });
  const stopping = new AbortController();
  const stop = async (running: Promise<void>) => {
    stopping.abort();
    await running;
    redis.disconnect();
  };
  const connect = (block: number) => () => openBlockingRedis({ config, log, redis, key: stream }, block);
  return { redis, signal: stopping.signal, connect, stop };
}

/** None of these streams loses what was read of it. */
const untouched = () => Promise.reject(new Error('nothing was lost'));

const usersIn = async (redis: Redis) => {
  const { position: _, passed: __, ...users } = await redis.hgetall(key);
  return Object.keys(users).sort();
};

const roads: Record<string, Road> = {
  follow: {
    start(port) {
      const { redis, signal, connect, stop } = connections(port);
      const projection = keptProjection({
        redis,
        projection: knownUsers,
        partition: 0,
        onUndecodable: () => undefined,
      });
      const running = follow({ projection, connect: connect(followBlock), rebuild: untouched, signal, log });
      return { stop: () => stop(running) };
    },
    users: usersIn,
  },
  consume: {
    start(port) {
      const { redis, signal, connect, stop } = connections(port);
      const running = consume({
        ...{
          redis,
          stream,
          group: 'readers',
          consumer: newId(),
          connect: connect(consumeBlock),
          signal,
          log,
        },
        async handle(entry) {
          const { type, subject } = userEvents.decode(entry);
          if (type === 'user.deleted') await redis.hdel(key, subject);
          else await redis.hset(key, subject, entry[0]);
        },
      });
      return { stop: () => stop(running) };
    },
    users: usersIn,
  },
  replay: {
    start: () => ({ stop: async () => undefined }),
    async users(redis) {
      const ports = { redis: redis.options.port as number };
      await startCommand('replay', { ports } as never, ['known-users']).result;
      return usersIn(redis);
    },
  },
};

const document = (id: string) =>
  JSON.stringify({ id, name: 'Ada', email: 'a@example.com', createdAt: 'then', updatedAt: 'then' });
const add = (redis: Redis, type: UserEvent['type'], subject: string) =>
  redis.xadd(
    stream,
    '*',
    ...userEvents.encode({ type, subject, data: document(subject), schema: 1, trace: '', request: '' }),
  );

/** What may happen while a stream is written and read. */
const happenings: Record<
  string,
  (redis: Redis, n: number, restart: () => Promise<void>) => Promise<unknown>
> = {
  'nothing else': async () => undefined,
  'entries come twice': async (redis, n) => {
    const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
    if (last && n % 5 === 0) await redis.xadd(stream, '*', ...last[1]);
  },
  'the reader is stopped and started, in the middle of its reads': async (_, n, restart) => {
    if (n % 100 === 50) await restart();
  },
  'entries nobody understands come between': async (redis, n) => {
    if (n % 20 !== 0) return;
    await redis.xadd(stream, '*', 'nonsense', 'by hand');
    await redis.xadd(stream, '*', 'type', 'user.renamed', 'subject', newId(), 'data', '{}', 'schema', '1');
  },
};

for (const [name, road] of Object.entries(roads)) {
  for (const [happening, happen] of Object.entries(happenings)) {
    test(`${name}: all events count, once and in order, when ${happening}`, async (t) => {
      await withBareRedis(async ({ port, redis }) => {
        let reader = road.start(port);
        const restart = async () => {
          await reader.stop();
          reader = road.start(port);
        };
        try {
          const left = new Set<string>();
          for (let n = 0; n < 300; n++) {
            const id = newId();
            await add(redis, 'user.created', id);
            await add(redis, 'user.updated', id);
            if (n % 3 === 0) await add(redis, 'user.deleted', id);
            else left.add(id);
            await happen(redis, n, restart);
          }
          const expected = [...left].sort().join();
          await until(
            'the reader has come to the same',
            async () => (await road.users(redis)).join() === expected,
          );
          t.pass();
        } finally {
          await reader.stop();
        }
      });
    });
  }
}
