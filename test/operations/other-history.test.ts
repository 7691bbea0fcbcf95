import test from 'ava';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { firstLayout, newId, routingDigits, userEvents } from 'shared-events';
import { openBlockingRedis, openRedis, type Store } from 'shared-events/redis';
import { follow, followBlock, keptProjection, projectionKey } from 'shared-events/streams';
import { partitionKeys } from '../../shared-events/src/redis/partition-keys.ts';
import { projectionReplay } from '../../shared-events/src/streams/projection-replay.ts';
import { knownUsers } from '../../task-service/src/known-users.ts';
import { taskStore } from '../../task-service/src/store.ts';
import { createTask } from '../../task-service/src/task.ts';
import { userRecords } from '../../user-service/src/store.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { entryFields, untilKnown } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// Entries that were read, and are not in the stream of the Redis that is written to: it is another node, as after a
// failover, or it was restored to older data. What they call for is not done.

const stream = userEvents.key(0);
const key = projectionKey(knownUsers, 0);
const silent = pino({ level: 'silent' });
const context = { request: '', trace: '' };

const append = (redis: Redis, subject: string, type = 'user.created', id = '*') =>
  redis.xadd(stream, id, ...entryFields({ type, subject })) as Promise<string>;

const kept = (redis: Store) =>
  keptProjection({ redis, projection: knownUsers, partition: 0, onUndecodable: () => undefined });

test('a follower that reads from a node that was replaced applies none of what only that one has', async (t) => {
  await withBareRedis(async (old) => {
    await withBareRedis(async (present) => {
      const [shared, lost, next] = [newId(), newId(), newId()];
      const id = await append(old.redis, shared);
      await append(present.redis, shared, 'user.created', id);
      const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: present.port };
      let reads = old.redis;
      let opened = 0;
      const connect = () => {
        opened += 1;
        return openBlockingRedis({ config, log: silent, redis: reads, key: stream }, followBlock);
      };
      const stopping = new AbortController();
      const redis = openRedis({ config, log: silent });
      const rebuild = () => Promise.reject(new Error('nothing was lost'));
      const { signal } = stopping;
      const running = follow({ projection: kept(redis), connect, rebuild, signal, log: silent });
      const known = async () => Object.keys(await present.redis.hgetall(key));
      await until('the shared user is known', async () => (await known()).includes(shared));

      await append(old.redis, lost);
      await until('what was read was refused, and reading begun again', () => opened > 1);
      t.false((await known()).includes(lost));
      reads = present.redis;
      await append(present.redis, next);
      await until('it reads where it writes', async () => (await known()).includes(next));
      t.false((await known()).includes(lost));
      stopping.abort();
      await running;
      redis.disconnect();
    });
  });
});

test('an entry with the id of another, of another history, is not taken for it', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const [here, there] = [newId(), newId()];
    await append(redis, here, 'user.created', '7-7');
    const projection = kept(redis);
    const fields = entryFields({ type: 'user.created', subject: there });
    await t.throwsAsync(projection.apply('0-0', [['7-7', fields]]), { message: /is not in it/ });
    t.is(await projection.position(), '0-0');
  });
});

test('known users that have entries their stream has lost are told of and built anew', async (t) => {
  const lines: string[] = [];
  await withStack(
    async ({ redis, user }) => {
      const stays = await user();
      const older = await redis.dumpBuffer(stream);
      const goes = await user();
      await untilKnown(redis);
      await redis.restore(stream, 0, older as Buffer, 'REPLACE');
      const users = await until('they are what the stream says', async () => {
        const { position, passed: _, ...known } = await redis.hgetall(key);
        const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
        return position === last?.[0] && Object.keys(known);
      });
      t.deepEqual(users, [stays.id]);
      await until('it is told', () =>
        lines.some((line) => line.includes('the stream has lost entries that the projection holds')),
      );
      await redis.del(`user:{0}:${goes.id}`);
      const later = await user();
      await untilKnown(redis);
      t.true((await redis.hkeys(key)).includes(later.id), 'it goes on');
    },
    { env: { LOG_LEVEL: 'warn' }, onLine: (_, line) => lines.push(line) },
  );
});

test('known users are not built anew from a stream whose beginning is gone', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const projection = kept(redis);
    for (let n = 1; n <= 3; n++) await append(redis, newId(), 'user.created', `${n}-1`);
    await redis.hset(key, 'position', '3-1');
    t.is(await projection.standing(), 'whole');

    await redis.xtrim(stream, 'MAXLEN', 1);
    await redis.hset(key, 'position', '9-1');
    t.is(await projection.standing(), 'unknown', 'it begins too late and ends too early');
    await redis.hset(key, 'position', '1-1');
    t.is(await projection.standing(), 'whole', 'what it was at was trimmed away');

    await redis.del(stream);
    await redis.hset(key, 'position', '3-1');
    t.is(await projection.standing(), 'unknown', 'there is nothing');
    await append(redis, newId(), 'user.created', '1-1');
    await redis.xdel(stream, await append(redis, newId(), 'user.created', '3-1'));
    await append(redis, newId(), 'user.created', '4-1');
    t.is(await projection.standing(), 'whole', 'it was removed and not lost');
    await redis.hset(key, 'position', '3-2');
    t.is(await projection.standing(), 'lost');
  });
});

test('no task is deleted for a deletion that the stream does not have', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const store = taskStore({ redis, writer: redis, layout: firstLayout(1) });
    const userId = newId();
    const task = await storedTask(redis, userId);
    const fence = { key: 'user-events:{0}:lease:cascade', holder: 'me' };
    await redis.set(fence.key, fence.holder);
    const deletion = { id: '9-9', type: 'user.deleted', subject: userId, ...context };
    await t.throwsAsync(store.deleteSome(deletion, fence), { message: 'user-events:{0} has no 9-9' });
    t.truthy(await store.find(task));

    await append(redis, userId, 'user.deleted', '9-9');
    t.false(await store.deleteSome(deletion, fence));
    t.is(await store.find(task), undefined);
  });
});

async function storedTask(redis: Redis, userId: string): Promise<string> {
  await redis.hset(key, userId, '1-1');
  const id = newId(routingDigits(userId));
  await taskStore({ redis, writer: redis, layout: firstLayout(1) }).create({
    task: taskOf(id, userId),
    context,
  });
  return id;
}

const taskOf = (id: string, userId: string) =>
  createTask(
    id,
    { userId, title: 'x', description: null, status: 'pending' as const },
    new Date().toISOString(),
  );

test('what the user service vouched for counts only if this Redis has had the events behind it', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const store = taskStore({ redis, writer: redis, layout: firstLayout(1) });
    const at = await append(redis, newId());
    const create = async (vouched: { at: string; version: string }) => {
      const userId = newId();
      const task = taskOf(newId(routingDigits(userId)), userId);
      const outcome = await store.create({ task, context, vouched });
      return 'stored' in outcome ? 'stored' : outcome.user;
    };
    t.is(await create({ at, version: '' }), 'stored', 'a user service may tell no version');
    t.is(await create({ at, version: at }), 'stored');
    t.is(await create({ at: '0-0', version: at }), 'stored');
    t.is(await create({ at, version: '9999999999999-0' }), 'stale', 'the user of another history');
    t.is(await create({ at: '9999999999999-0', version: '' }), 'stale');
    await redis.xdel(stream, at);
    t.is(await create({ at, version: at }), 'stored', 'it was removed, as a compaction does');
  });
});

test('a projection that loses, while it is built anew, some of what it had taken in is built once more', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const users = Array.from({ length: 1200 }, () => newId());
    for (const [at, user] of users.entries()) await append(redis, user, 'user.created', `1-${at + 1}`);
    let losing: Promise<unknown> | undefined;
    await projectionReplay(redis, knownUsers, 0).replay('replay', new AbortController().signal, {
      // As a failover to a replica that had received only the beginning.
      onRead() {
        losing ??= redis
          .multi()
          .hdel(`${key}:replay`, users[400] as string)
          .hset(`${key}:replay`, 'position', '1-300')
          .exec();
      },
      onDifference: () => undefined,
      onUnreadable: (what) => t.fail(what),
    });
    await losing;
    const { position, passed: _, ...known } = await redis.hgetall(key);
    t.is(position, '1-1200');
    t.deepEqual(Object.keys(known).sort(), users.sort());
  });
});

test('a replay puts nothing right by a history that this Redis does not have', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const subject = newId();
    const id = await append(redis, subject);
    const record = `user:{0}:${subject}`;
    await redis.set(record, 'as it was');
    const { step } = userRecords.open(redis, 0, firstLayout(1), partitionKeys(redis));
    const evidence = { id, type: 'user.created', subject, request: '' };
    t.is(await step({ subject }, { ...evidence, id: '9999999999999-0' }, 'replay'), 'foreign');
    t.is(await step({ subject }, { ...evidence, request: 'another' }, 'replay'), 'foreign');
    t.is(await redis.get(record), 'as it was');
    t.is(await step({ subject }, evidence, 'replay'), 'different');
    t.is(await redis.get(record), null);
  });
});
