import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { ObjectSchema } from 'yup';
import { replayCommand } from './cli/replay.ts';
import { type CommonConfig, readConfig } from './config.ts';
import { firstLayout, type Layout, partitionsOf } from './events/layout.ts';
import { createApp } from './http/app.ts';
import type { Readiness } from './http/common-routes.ts';
import type { Api } from './http/route.ts';
import { listen } from './http/server.ts';
import { describeService, openApi } from './openapi/openapi.ts';
import { operatorRoutes } from './operator/routes.ts';
import { runProcess } from './process.ts';
import { type Readers, streamReaders } from './readers.ts';
import type { RecordSet } from './records/replay.ts';
import { openRedis } from './redis/connection.ts';
import { missingOf } from './redis/health.ts';
import { claimLayout, layoutChange, layoutText } from './redis/layout.ts';
import type { Store } from './redis/store.ts';
import { openLeftFences } from './streams/fence.ts';
import type { Projection } from './streams/projection.ts';
import type { Reaction } from './streams/reaction.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { confirmation, redisMetrics } from './telemetry/redis-metrics.ts';

export { baseUrl, type CommonConfig, commonConfig, listenPort, readConfig } from './config.ts';
export { Failure } from './failure.ts';
export { appending } from './tracing.ts';

/** What a service is given to build its parts from. */
export interface BuildOptions<Config> {
  config: Config;
  /** How the data is laid out. */
  layout: Layout;
  log: Logger;
  redis: Store;
  /** Where what is answered is written: what it replies, enough replicas have. The same as `redis` if none has to. */
  writer: Store;
  metrics: Registry;
}

/** What a service builds when it starts. */
export interface Parts<Collaborators> {
  /** What the routes of the API are answered with. */
  collaborators: Collaborators;
  reactions?: Reaction[];
  /** Closes what the parts have opened; called when no request is under way any more. */
  close?(): Promise<void>;
}

type ServiceConfig = CommonConfig & { PORT: number };

export interface ServiceDefinition<Config extends ServiceConfig, Collaborators> {
  name: string;
  /** What it reads from the environment: `commonConfig`, its PORT, and whatever else. */
  config: ObjectSchema<Config>;
  /** What it answers, with its description. */
  api: Api<Collaborators>;
  /** The projections it follows streams with; ready is the service when each has caught up. */
  projections?: Projection[];
  /** The records that a replay puts right. */
  records?: RecordSet[];
  /** Whether it gives operators the feed of all streams, their readers and dead letters. */
  showsStreams?: boolean;
  build(options: BuildOptions<Config>): Parts<Collaborators>;
}

/**
 * Runs a service: reads its configuration, opens Redis, claims the data's partitions, follows and consumes streams,
 * listens, and stops all of it in order on SIGTERM or SIGINT (see `runProcess`). As `main.ts replay …` it runs the
 * replays of its projections and records instead (see `replayCommand`).
 */
export async function runService<Config extends ServiceConfig, Collaborators>(
  definition: ServiceDefinition<Config, Collaborators>,
): Promise<void> {
  const [, main = '', command, ...args] = process.argv;
  if (command === 'replay') return replayCommand(definition, args);
  await runProcess<Config>({
    name: definition.name,
    configure: (env) => readConfig(definition.config, env),
    start: (config, log, fail) => start({ definition, main, config, log, fail }),
  });
}

interface StartOptions<Config extends ServiceConfig, Collaborators> {
  definition: ServiceDefinition<Config, Collaborators>;
  /** the file of the service's own program */
  main: string;
  config: Config;
  log: Logger;
  fail(error: unknown): void;
}

/** How long a service waits for Redis before it listens all the same, and only answers questions of health. */
const listenTimeout = 1000;

async function start<Config extends ServiceConfig, Collaborators>(
  options: StartOptions<Config, Collaborators>,
): Promise<() => Promise<void>> {
  const { config, log, fail } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const processMetrics = createMetrics();
  const connection = { config, log, observe: redisMetrics(processMetrics) };
  const redis = openRedis(connection);
  // What waits for replicas holds up all behind it on its connection, and so has one of its own.
  const replicas = config.REDIS_REPLICAS;
  const writer =
    replicas > 0 ? openRedis({ ...connection, confirmation: confirmation(processMetrics, replicas) }) : redis;
  const serve = (layout: Layout) =>
    serving({ ...options, redis, writer, layout, metrics: Registry.merge([processMetrics]), signal });

  // What the data will be like, unless it says otherwise.
  let current = serve(firstLayout(config.PARTITIONS ?? 1));
  const opened = Promise.withResolvers<void>();

  /** Serves the data as it is laid out, and as it is laid out anew whenever that is changed. */
  async function followLayout(): Promise<never> {
    for (let isFirst = true; ; isFirst = false) {
      const said = isFirst ? config.PARTITIONS : undefined;
      const layout = await claimLayout({ redis, writer, said, signal, log });
      if (!isFirst || layoutText(layout) !== layoutText(current.layout)) {
        const before = current;
        current = serve(layout);
        await before.stop();
      }
      opened.resolve();
      await current.open();
    }
  }

  const following = followLayout().catch((error) => signal.aborted || fail(error));
  // Whoever finds the port open is served; only while Redis is away it is open for questions of health.
  await Promise.race([opened.promise, delay(listenTimeout)]);
  const server = await listen(
    (request, response) => current.answer(request, response),
    config.PORT,
    config.HOST,
  );
  log.info({ pid: process.pid, port: server.port, partitions: current.layout.partitions }, 'listening');

  return async () => {
    stopping.abort();
    current.hangUp();
    await server.stop();
    await following;
    await current.stop();
    redis.disconnect();
    writer.disconnect();
  };
}

interface ServingOptions<Config extends ServiceConfig, Collaborators>
  extends StartOptions<Config, Collaborators> {
  redis: Store;
  writer: Store;
  layout: Layout;
  metrics: Registry;
  /** Aborts when the service stops. */
  signal: AbortSignal;
}

/** The parts of a service for data that is laid out so. They answer `not_ready` until they are opened, and when the layout changes. */
function serving<Config extends ServiceConfig, Collaborators>(
  options: ServingOptions<Config, Collaborators>,
) {
  const { definition, main, config, log, redis, writer, layout, metrics, fail } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, options.signal]);
  const parts = definition.build({ config, layout, log, redis, writer, metrics });
  const { projections = [], records = [], showsStreams = false } = definition;
  const { reactions = [] } = parts;
  const readers = streamReaders({ config, layout, log, redis, metrics, projections, reactions, signal });
  const operator = operatorRoutes({
    config,
    layout,
    log,
    redis,
    metrics,
    paths: definition.api.routes.map(({ path }) => path),
    showsStreams,
    replays: { command: [main, 'replay'], names: namesOf(projections, records) },
  });
  let isOpen = false;
  let reading: Promise<unknown> = Promise.resolve();
  const app = createApp({
    log,
    metrics,
    document: JSON.stringify(openApi(describeService(definition.api))),
    api: definition.api,
    collaborators: parts.collaborators,
    parts: operator,
    isOpen: () => isOpen,
    readiness: () => readiness({ redis, config, layout, isOpen, readers }),
  });
  const streams = records.flatMap(({ stream }) => partitionsOf(layout).map(stream.key));
  const hangUp = () => {
    for (const part of operator) part.stop();
  };

  return {
    layout,
    answer: app.callback(),
    /** Serves, and reads streams. Resolves when it has ended both, because the data has another layout, or is gone. */
    async open(): Promise<void> {
      isOpen = true;
      reading = readers.run().catch((error) => signal.aborted || fail(error));
      await layoutChange({
        redis,
        layout,
        signal,
        log,
        onClosed(isClosed) {
          isOpen = !isClosed;
        },
        onAlone: () => openLeftFences(redis, streams, log),
      });
      isOpen = false;
      ending.abort();
      await reading;
    },
    /** Ends what would go on for as long as a client likes. */
    hangUp,
    /** Ends reading, and closes what was opened. */
    async stop(): Promise<void> {
      ending.abort();
      hangUp();
      await reading;
      await parts.close?.();
    },
  };
}

interface ReadinessOptions {
  redis: Store;
  config: CommonConfig;
  layout: Layout;
  isOpen: boolean;
  readers: Readers;
}

/**
 * Tells what is missing. As long as one partition is served the service is ready: else a node of a cluster that is away
 * would take all services with it.
 */
async function readiness({ redis, config, layout, isOpen, readers }: ReadinessOptions): Promise<Readiness> {
  if (!isOpen) return { ready: false, missing: ['redis', ...readers.missing(new Map())] };
  const away = await missingOf(redis, layout, config.REDIS_REPLICAS);
  const behind = readers.missing(away);
  const isAll = away.size === layout.partitions;
  const names = [...Map.groupBy(away.keys(), (partition) => away.get(partition))].map(([what, found]) =>
    isAll ? `${what}` : `${what} for partitions ${found.join(', ')}`,
  );
  return { ready: !isAll && behind.length === 0, missing: [...names, ...behind] };
}

const namesOf = (...kinds: { name: string }[][]) => kinds.flat().map(({ name }) => name);
