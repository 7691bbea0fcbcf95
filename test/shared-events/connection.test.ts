import type { EventEmitter } from 'node:events';
import test from 'ava';
import { type Cluster, Command, Redis } from 'ioredis';
import { pino } from 'pino';
import { openRedis, type Store } from 'shared-events/redis';
import { confirmWrites } from '../../shared-events/src/redis/confirm.ts';
import { keysLike } from '../../shared-events/src/redis/store.ts';
import { RedisUnavailable } from '../../shared-events/src/redis/unavailable.ts';
import { fieldsInRedis } from '../../shared-events/src/streams/projection-fields.ts';
import { type TcpProxy, tcpProxy } from '../faults/tcp-proxy.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { until } from '../stack/until.ts';

// What becomes of promises that nobody asks for when a connection fails. A service ends of one that fails, and a test file
// does as well.

const unavailable = { instanceOf: RedisUnavailable };

/** Gives a test a proxy to a Redis, and a connection through it whose commands may take ten seconds. */
async function withConnection(run: (redis: Store, proxy: TcpProxy) => Promise<void>): Promise<void> {
  await withBareRedis(async ({ port }) => {
    const proxy = await tcpProxy(port);
    const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: proxy.port };
    const redis = openRedis({ config, log: pino({ level: 'silent' }) }, 10_000);
    try {
      await until('it is connected', () => redis.status === 'ready');
      await run(redis, proxy);
    } finally {
      redis.disconnect();
      await proxy.close();
    }
  });
}

test('a write that is confirmed after its deadline has failed, and nothing else has', async (t) => {
  await withConnection(async (_, proxy) => {
    const node = new Redis(proxy.port);
    let confirmations = 0;
    confirmWrites(node, {
      replicas: 0,
      onWait: () => {
        confirmations += 1;
      },
    });
    await until('it is connected', () => node.status === 'ready');
    proxy.slow(200);
    // In a cluster it begins before it is known which node the write goes to, and when; WAIT has its own.
    const write = new Command('set', ['key', 'value']);
    write.setTimeout(100);
    await t.throwsAsync(node.sendCommand(write) as Promise<unknown>, { message: 'Command timed out' });
    await until('it is confirmed', () => confirmations === 1);
    t.is(await node.get('key'), 'value');
    node.disconnect();
  });
});

test('what looks through keys or fields fails as unavailable when its connection is cut', async (t) => {
  await withConnection(async (redis, proxy) => {
    const names = Array.from({ length: 5000 }, (_, at) => `name-${at}`);
    await redis.mset(names.flatMap((name) => [name, 'value']));
    await redis.hset('hash', Object.fromEntries(names.map((name) => [name, 'value'])));
    const fields = fieldsInRedis(redis, '', 'hash', '');
    for (const pages of [() => keysLike(redis, 'name-'), () => fields.pages()]) {
      const cutOff = async () => {
        for await (const _ of pages()) proxy.refuse();
      };
      await t.throwsAsync(cutOff(), unavailable);
      proxy.heal();
      let found = 0;
      await until('it answers', async () => (await redis.ping()) === 'PONG');
      for await (const page of pages()) found += page.length;
      t.is(found, names.length);
    }
  });
});

test('a connection that is given up while it is made anew is made all the same', async (t) => {
  await withConnection(async (redis, proxy) => {
    // What ioredis does if it hears of another master just then.
    const { connector } = redis as unknown as { connector: { disconnect(): void } };
    const ended = new Promise((resolve) => redis.once('end', resolve));
    redis.once('connecting', () => connector.disconnect());
    proxy.reset();
    await ended;
    await until('it answers again', async () => (await redis.ping()) === 'PONG');
    t.pass();
  });
});

test('a command that is given a callback fails by that alone', async (t) => {
  await withConnection(async (redis, proxy) => {
    proxy.refuse();
    const { promise, resolve } = Promise.withResolvers();
    redis.get('key', resolve);
    t.true((await promise) instanceof Error);
  });
});

test('a cluster whose last node goes while names are looked up is connected to again', async (t) => {
  const config = { REDIS_HOST: '', REDIS_PORT: 0, REDIS_CLUSTER: 'localhost:1' };
  const redis = openRedis({ config, log: pino({ level: 'silent' }) }) as Cluster;
  const next = (event: string) => new Promise((resolve) => redis.once(event, resolve));
  const { connectionPool } = redis as unknown as { connectionPool: EventEmitter };
  try {
    await next('close');
    await next('connecting');
    connectionPool.emit('drain');
    await next('close');
    t.is(redis.status, 'close', 'ioredis leaves it at that');
    await next('connecting');
  } finally {
    redis.disconnect();
  }
});
