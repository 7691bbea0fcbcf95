import type { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import type { RawEntry } from 'shared-events';
import { openBlockingRedis, openRedis } from 'shared-events/redis';
import { consume, consumeBlock, groupKeys, type Handler } from 'shared-events/streams';
import { type BareRedis, withBareRedis } from '../stack/bare-redis.ts';

// A stream of letters and consumers of it, for tests of `consume` against a real Redis.

export const stream = 'letters:{0}';
export const group = 'postman';
export const { dead, checkpoint, lease } = groupKeys(stream, group);
const silent = pino({ level: 'silent' });
let consumers = 0;

/** A consumer of the group; `stop` ends it as a process ends that is asked to. */
function startConsumer(
  port: number,
  handle: Handler,
  options: { maxAttempts?: number; lease?: number; log?: Logger } = {},
) {
  const stopping = new AbortController();
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: port };
  const redis = openRedis({ config, log: silent });
  const consumer = `consumer-${++consumers}`;
  const running = consume({
    redis,
    stream,
    group,
    consumer,
    handle,
    connect: () => openBlockingRedis({ config, log: silent, redis, key: stream }, consumeBlock),
    signal: stopping.signal,
    log: silent,
    // Longer than a busy machine may hold a process up: only some tests are about a lease that ends.
    lease: 10_000,
    ...options,
  });
  return {
    consumer,
    redis,
    async stop() {
      stopping.abort();
      await running;
      redis.disconnect();
    },
  };
}

type Start = (
  handle: Handler,
  options?: Parameters<typeof startConsumer>[2],
) => ReturnType<typeof startConsumer>;

/** Gives a test a Redis of its own and consumers of it; those that the test does not stop are stopped after it. */
export async function withConsumers(
  run: (bare: BareRedis & { start: Start }) => Promise<void>,
): Promise<void> {
  await withBareRedis(async (bare) => {
    const started: ReturnType<typeof startConsumer>[] = [];
    const start: Start = (handle, options) => {
      const consumer = startConsumer(bare.port, handle, options);
      started.push(consumer);
      return consumer;
    };
    try {
      await run({ ...bare, start });
    } finally {
      for (const consumer of started) await consumer.stop();
    }
  });
}

/** Appends a letter about a subject. */
export const add = (redis: Redis, subject: string, text: string) =>
  redis.xadd(
    stream,
    '*',
    'type',
    'letter',
    'subject',
    subject,
    'data',
    text,
    'schema',
    '1',
  ) as Promise<string>;
export const textOf = ([, fields]: RawEntry) => fields[5] ?? '';
export const pendingCount = async (redis: Redis) => ((await redis.xpending(stream, group)) as [number])[0];
