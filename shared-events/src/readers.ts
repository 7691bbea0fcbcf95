import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CommonConfig } from './config.ts';
import { openBlockingRedis } from './redis/connection.ts';
import { consume, consumeBlock } from './streams/consume.ts';
import { follow, followBlock } from './streams/follow.ts';
import { keptProjection, type Projection } from './streams/projection.ts';
import type { Reaction } from './streams/reaction.ts';
import { measureReaders } from './telemetry/reader-metrics.ts';
import { tracedHandler, tracedProjection } from './telemetry/traced-readers.ts';

interface ReadersOptions {
  config: CommonConfig;
  log: Logger;
  redis: Redis;
  metrics: Registry;
  projections: readonly Projection[];
  reactions: readonly Reaction[];
  signal: AbortSignal;
}

export interface Readers {
  /** Returns the names of the projections that have not caught up since the start. */
  missing(): string[];
  /** Reads until the signal aborts. */
  run(): Promise<void>;
}

/** What reads streams in a service: its projections and reactions, each for every partition. */
export function streamReaders(options: ReadersOptions): Readers {
  const { config, log, redis, metrics, projections, reactions, signal } = options;
  const consumer = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const partitions = Array.from({ length: config.PARTITIONS }, (_, partition) => partition);
  const connect = (block: number) => () => openBlockingRedis({ config, log }, block);
  const streams = new Set([...projections, ...reactions].flatMap(({ stream }) => partitions.map(stream.key)));
  if (streams.size === 0) return { missing: () => [], run: async () => undefined };

  const measured = measureReaders(metrics, { redis, streams: [...streams] });
  /** The projections that have not caught up, by name, each with its partitions. */
  const behind = new Map(projections.map(({ name }) => [name, new Set(partitions)]));

  function followPartition(projection: Projection, partition: number): Promise<void> {
    const { name } = projection;
    const kept = keptProjection({
      redis,
      projection,
      partition,
      onUndecodable: (err) =>
        log.error({ err, projection: name, partition }, 'a projection passes an entry by'),
    });
    return follow({
      projection: measured.projection(tracedProjection(kept)),
      connect: connect(followBlock),
      signal,
      log,
      onCaughtUp: () => behind.get(name)?.delete(partition),
    });
  }

  function consumePartition(reaction: Reaction, partition: number): Promise<void> {
    const { name, concerns, handle } = reaction;
    const stream = reaction.stream.key(partition);
    return consume({
      redis,
      stream,
      group: name,
      consumer,
      handle: tracedHandler(name, stream, handle),
      concerns,
      connect: connect(consumeBlock),
      signal,
      log,
      ...measured.consumer(name, stream),
    });
  }

  return {
    missing: () => [...behind].filter(([, left]) => left.size > 0).map(([name]) => name),
    async run() {
      await Promise.all([
        ...projections.flatMap((each) => partitions.map((partition) => followPartition(each, partition))),
        ...reactions.flatMap((each) => partitions.map((partition) => consumePartition(each, partition))),
      ]);
    },
  };
}
