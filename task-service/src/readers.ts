import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { userEvents } from 'shared-events';
import { openBlockingRedis } from 'shared-events/redis';
import type { CommonConfig } from 'shared-events/service';
import { consume, consumeBlock, follow, followBlock, followedStreams } from 'shared-events/streams';
import { measureReaders, tracedHandler, tracedProjection } from 'shared-events/telemetry';
import { cascade, cascadeGroup } from './cascade.ts';
import { knownUsers, knownUsersKey } from './known-users.ts';
import type { TaskStore } from './store.ts';

interface Collaborators {
  config: CommonConfig;
  log: Logger;
  redis: Redis;
  store: TaskStore;
  metrics: Registry;
  signal: AbortSignal;
}

/** What reads the user events in the task service: the projection of known users, and the cascade. */
export function userEventReaders({ config, log, redis, store, metrics, signal }: Collaborators) {
  const consumer = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const partitions = Array.from({ length: config.PARTITIONS }, (_, partition) => {
    const stream = userEvents.key(partition);
    const projection = knownUsers({
      redis,
      stream,
      key: knownUsersKey(partition),
      onUndecodable: (error) => log.error({ err: error, stream }, 'known-users passes an entry by'),
    });
    return { stream, projection };
  });
  const behind = new Set(partitions.keys());
  const measured = measureReaders(metrics, {
    redis,
    streams: partitions.map(({ stream }) => stream),
    projections: followedStreams(redis, config.PARTITIONS),
  });

  return {
    /** Whether every projection has been built since the start. */
    areBuilt: () => behind.size === 0,
    /** Reads until the signal aborts. */
    async run(): Promise<void> {
      const following = partitions.map(({ stream, projection }, partition) =>
        follow({
          stream,
          projection: measured.projection(
            'known-users',
            stream,
            tracedProjection('known-users', stream, projection),
          ),
          connect: () => openBlockingRedis({ config, log }, followBlock),
          signal,
          log,
          onCaughtUp: () => behind.delete(partition),
        }),
      );
      const consuming = partitions.map(({ stream }) =>
        consume({
          redis,
          stream,
          group: cascadeGroup,
          consumer,
          handle: tracedHandler(cascadeGroup, stream, cascade({ store })),
          connect: () => openBlockingRedis({ config, log }, consumeBlock),
          signal,
          log,
          ...measured.consumer(cascadeGroup, stream),
        }),
      );
      await Promise.all([...following, ...consuming]);
    },
  };
}
