import test from 'ava';
import { pino } from 'pino';
import { newId, type UserEvent, userEvents } from 'shared-events';
import { openBlockingRedis, openRedis, type Store } from 'shared-events/redis';
import { follow, followBlock, keptProjection, projectionKey } from 'shared-events/streams';
import { knownUsers } from '../../task-service/src/known-users.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { untilKnown } from '../stack/redis.ts';
import { until } from '../stack/until.ts';

// The projection as it is kept by `follow`, over a real Redis that goes away meanwhile.

const log = pino({ level: 'silent' });
const key = projectionKey(knownUsers, 0);

const kept = (redis: Store) =>
  keptProjection({ redis, projection: knownUsers, partition: 0, onUndecodable: () => undefined });

/** Follows partition 0 until it is stopped; any number may run at once. */
function startFollower(port: number) {
  const stopping = new AbortController();
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: port };
  const redis = openRedis({ config, log });
  const running = follow({
    projection: kept(redis),
    connect: () => openBlockingRedis({ config, log, redis, key: userEvents.key(0) }, followBlock),
    rebuild: () => Promise.reject(new Error('nothing was lost')),
    signal: stopping.signal,
    log,
  });
  return {
    async stop() {
      stopping.abort();
      await running;
      redis.disconnect();
    },
  };
}

/** A life of users in random order, and who is left at the end. */
function randomEvents(count: number) {
  const left = new Set<string>();
  const events = Array.from({ length: count }, (): { type: UserEvent['type']; subject: string } => {
    const someone = [...left].at(Math.floor(Math.random() * left.size));
    const dice = Math.random();
    if (someone === undefined || dice < 0.5) {
      const subject = newId();
      left.add(subject);
      return { type: 'user.created', subject };
    }
    if (dice < 0.7) return { type: 'user.updated', subject: someone };
    left.delete(someone);
    return { type: 'user.deleted', subject: someone };
  });
  return { events, left };
}

test('several followers, stopped and started, over a Redis that is restarted, apply each event once and in order', async (t) => {
  await withBareRedis(async ({ port, redis, process }) => {
    const { events, left } = randomEvents(6000);
    let followers = [1, 2, 3].map(() => startFollower(port));
    for (let at = 0; at < events.length; at += 1000) {
      const pipeline = redis.pipeline();
      for (const event of events.slice(at, at + 1000)) {
        const fields = userEvents.encode({ ...event, data: '{}', schema: 1, trace: '', request: '' });
        pipeline.xadd(userEvents.key(0), '*', ...fields);
      }
      await pipeline.exec();
      if (at === 1000) {
        await followers[0]?.stop();
        followers = [...followers.slice(1), startFollower(port)];
      }
      if (at === 3000) {
        await process.stop();
        await process.start();
      }
    }
    await untilKnown(redis);
    const { position, passed: _, ...known } = await redis.hgetall(key);
    t.deepEqual(Object.keys(known).sort(), [...left].sort());
    t.is(position, (await redis.xrevrange(userEvents.key(0), '+', '-', 'COUNT', 1))[0]?.[0]);
    await Promise.all(followers.map((follower) => follower.stop()));
  });
});

test('a batch read from another position than the projection has changes nothing', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const projection = kept(redis);
    const [one, two] = [newId(), newId()];
    const entry = async (
      id: string,
      type: UserEvent['type'],
      subject: string,
    ): Promise<[string, string[]]> => {
      const fields = userEvents.encode({ type, subject, data: '{}', schema: 1, trace: '', request: '' });
      await redis.xadd(userEvents.key(0), id, ...fields);
      return [id, fields];
    };
    const first = await entry('1-1', 'user.created', one);
    const second = await entry('1-2', 'user.created', two);
    const third = await entry('1-3', 'user.deleted', one);
    t.is(await projection.position(), '0-0');
    t.is(await projection.apply('0-0', [first, second]), '1-2');
    t.is(await projection.apply('0-0', [first]), '1-2');
    t.is(await projection.apply('1-2', [third]), '1-3');
    t.is(await projection.apply('1-2', [third]), '1-3');
    t.deepEqual(await redis.hgetall(key), { position: '1-3', [two]: '1-2' });
  });
});

test('entries that are removed before the projection has come to them are told of, once', async (t) => {
  await withBareRedis(async ({ port, redis }) => {
    const stream = userEvents.key(0);
    const add = () =>
      redis.xadd(
        stream,
        '*',
        ...userEvents.encode({
          type: 'user.created',
          subject: newId(),
          data: '{}',
          schema: 1,
          trace: '',
          request: '',
        }),
      ) as Promise<string>;
    const projection = kept(redis);
    const follower = startFollower(port);
    await add();
    await untilKnown(redis);
    await until('it has counted', async () => (await redis.hget(key, 'passed')) === '1');
    await follower.stop();

    t.is(await projection.missed(), 0);
    await redis.xdel(stream, await add(), await add());
    await add();
    await redis.xtrim(stream, 'MAXLEN', '0');
    await add();
    const again = startFollower(port);
    await untilKnown(redis);
    await again.stop();
    t.is(await projection.missed(), 3);
    t.is(await projection.missed(), 0);
  });
});
