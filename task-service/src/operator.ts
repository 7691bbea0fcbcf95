import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { partitionOf, taskEvents, userEvents } from 'shared-events';
import { eventRoutes, feedBlock, replayRoutes } from 'shared-events/operator';
import { openBlockingRedis } from 'shared-events/redis';
import type { CommonConfig } from 'shared-events/service';
import { followedStreams } from 'shared-events/streams';

interface Collaborators {
  config: CommonConfig;
  log: Logger;
  redis: Redis;
}

/**
 * The operators' side of the task service: the events of both streams, their readers, the dead letters, and its replays.
 */
export function taskOperator({ config, log, redis }: Collaborators) {
  const partitions = Array.from({ length: config.PARTITIONS }, (_, partition) => partition);
  const of = (partition: number) => [userEvents.key(partition), taskEvents.key(partition)];
  return [
    eventRoutes({
      redis,
      log,
      connect: () => openBlockingRedis({ config, log }, feedBlock),
      streams: partitions.flatMap(of),
      streamsOf: (subject) => of(partitionOf(subject, config.PARTITIONS)),
      projections: followedStreams(redis, config.PARTITIONS),
    }),
    replayRoutes({
      command: new URL('replay.ts', import.meta.url),
      projections: ['known-users', 'tasks'],
      log,
    }),
  ];
}
