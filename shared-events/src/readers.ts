import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { CommonConfig } from './config.ts';
import { type Layout, type Partition, partitionsOf } from './events/layout.ts';
import { openBlockingRedis } from './redis/connection.ts';
import type { Store } from './redis/store.ts';
import { consume, consumeBlock } from './streams/consume.ts';
import { follow, followBlock } from './streams/follow.ts';
import { withStreamLock } from './streams/maintenance.ts';
import { keptProjection, type Projection } from './streams/projection.ts';
import { projectionReplay } from './streams/projection-replay.ts';
import type { Reaction } from './streams/reaction.ts';
import { measureReaders } from './telemetry/reader-metrics.ts';
import { together } from './telemetry/together.ts';
import { tracedHandler, tracedProjection } from './telemetry/traced-readers.ts';

interface ReadersOptions {
  config: CommonConfig;
  layout: Layout;
  log: Logger;
  redis: Store;
  metrics: Registry;
  projections: readonly Projection[];
  reactions: readonly Reaction[];
  signal: AbortSignal;
}

export interface Readers {
  /** Returns the names of the projections that have not caught up since the start, in partitions that are not away. */
  missing(away: ReadonlyMap<Partition, unknown>): string[];
  /** Reads until the signal aborts. */
  run(): Promise<void>;
}

const unobserved = {
  onRead: () => undefined,
  onDifference: () => undefined,
  onUnreadable: () => undefined,
};

/** What reads streams in a service: its projections and reactions, each for every partition. */
export function streamReaders(options: ReadersOptions): Readers {
  const { config, layout, log, redis, metrics, projections, reactions, signal } = options;
  const consumer = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const partitions = partitionsOf(layout);
  const connect = (key: string, block: number) => () => openBlockingRedis({ config, log, redis, key }, block);
  const streams = new Set([...projections, ...reactions].flatMap(({ stream }) => partitions.map(stream.key)));
  if (streams.size === 0) return { missing: () => [], run: async () => undefined };

  const measured = measureReaders(metrics, { redis, streams: [...streams] });
  /** The projections that have not caught up, by name, each with its partitions. */
  const behind = new Map(projections.map(({ name }) => [name, new Set(partitions)]));

  function followPartition(projection: Projection, partition: Partition): Promise<void> {
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
      connect: connect(kept.stream, followBlock),
      rebuild: () => rebuild(projection, partition),
      partitions: partitions.length,
      signal,
      log,
      onCaughtUp: () => behind.get(name)?.delete(partition),
    });
  }

  /** Replays a projection, which counts as behind meanwhile. */
  async function rebuild(projection: Projection, partition: Partition): Promise<void> {
    behind.get(projection.name)?.add(partition);
    const { stream, replay } = projectionReplay(redis, projection, partition);
    const lock = { redis, stream, holder: `${consumer} (${projection.name} has lost entries)` };
    await withStreamLock(lock, (lost) => replay('replay', AbortSignal.any([lost, signal]), unobserved));
  }

  /** Consumes in all partitions, and tells of those that begin together in one line. */
  function consumeAll(reaction: Reaction): Promise<void>[] {
    const { name: group } = reaction;
    const tell = {
      consuming: together((of) => log.info({ group, partitions: of, consumer }, 'consuming')),
      made: together((of) =>
        log.info({ group, partitions: of }, 'the group is made, from the beginning of its streams'),
      ),
    };
    return partitions.map((partition, number) =>
      consumePartition(reaction, partition, (what) => tell[what](number)),
    );
  }

  function consumePartition(
    reaction: Reaction,
    partition: Partition,
    onBegin: (what: 'consuming' | 'made') => void,
  ): Promise<void> {
    const { name, concerns, handle } = reaction;
    const stream = reaction.stream.key(partition);
    return consume({
      redis,
      stream,
      group: name,
      consumer,
      handle: tracedHandler(name, stream, handle),
      concerns,
      connect: connect(stream, consumeBlock),
      partitions: partitions.length,
      signal,
      log,
      onBegin,
      ...measured.consumer(name, stream),
    });
  }

  return {
    missing: (away) =>
      [...behind].filter(([, left]) => [...left].some((each) => !away.has(each))).map(([name]) => name),
    async run() {
      await Promise.all([
        ...projections.flatMap((each) => partitions.map((partition) => followPartition(each, partition))),
        ...reactions.flatMap(consumeAll),
      ]);
    },
  };
}
