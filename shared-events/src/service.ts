import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ObjectSchema } from 'yup';
import { replayCommand } from './cli/replay.ts';
import { type CommonConfig, readConfig } from './config.ts';
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
import { claimPartitions } from './redis/partitions.ts';
import type { Store } from './redis/store.ts';
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
  const { definition, main, config, log, fail } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const metrics = createMetrics();
  const connection = { config, log, observe: redisMetrics(metrics) };
  const redis = openRedis(connection);
  // What waits for replicas holds up all behind it on its connection, and so has one of its own.
  const replicas = config.REDIS_REPLICAS;
  const writer =
    replicas > 0 ? openRedis({ ...connection, confirmation: confirmation(metrics, replicas) }) : redis;
  const parts = definition.build({ config, log, redis, writer, metrics });
  const { projections = [], records = [], showsStreams = false } = definition;
  const { reactions = [] } = parts;
  const readers = streamReaders({ config, log, redis, metrics, projections, reactions, signal });
  const operator = operatorRoutes({
    config,
    log,
    redis,
    metrics,
    paths: definition.api.routes.map(({ path }) => path),
    showsStreams,
    replays: { command: [main, 'replay'], names: namesOf(projections, records) },
  });
  const claim = claimData({ redis: writer, partitions: config.PARTITIONS, signal, log });
  const app = createApp({
    log,
    metrics,
    document: JSON.stringify(openApi(describeService(definition.api))),
    api: definition.api,
    collaborators: parts.collaborators,
    parts: operator,
    isOpen: claim.isDone,
    readiness: () => readiness({ redis, config, claim, readers }),
  });
  const reading = claim.done.then(readers.run).catch((error) => signal.aborted || fail(error));
  // Whoever finds the port open is served; only while Redis is away it is open for questions of health.
  await Promise.race([claim.done.catch(() => undefined), delay(listenTimeout)]);
  const server = await listen(app.callback(), config.PORT, config.HOST);
  log.info({ pid: process.pid, port: server.port, partitions: config.PARTITIONS }, 'listening');

  return async () => {
    stopping.abort();
    for (const part of operator) part.stop();
    await server.stop();
    await reading;
    await parts.close?.();
    redis.disconnect();
    writer.disconnect();
  };
}

interface ReadinessOptions {
  redis: Store;
  config: CommonConfig;
  claim: { isDone(): boolean };
  readers: Readers;
}

/**
 * Tells what is missing. As long as one partition is served the service is ready: else a node of a cluster that is away
 * would take all services with it.
 */
async function readiness({ redis, config, claim, readers }: ReadinessOptions): Promise<Readiness> {
  if (!claim.isDone()) return { ready: false, missing: ['redis', ...readers.missing(new Map())] };
  const { PARTITIONS, REDIS_REPLICAS } = config;
  const away = await missingOf(redis, PARTITIONS, REDIS_REPLICAS);
  const behind = readers.missing(away);
  const isAll = away.size === PARTITIONS;
  const names = [...Map.groupBy(away.keys(), (partition) => away.get(partition))].map(([what, found]) =>
    isAll ? `${what}` : `${what} for partitions ${found.join(', ')}`,
  );
  return { ready: !isAll && behind.length === 0, missing: [...names, ...behind] };
}

/** Claims the data, as `claimPartitions` does, and knows whether that is done. */
function claimData(options: Parameters<typeof claimPartitions>[0]) {
  let claimed = false;
  const done = claimPartitions(options).then(() => {
    claimed = true;
  });
  return { done, isDone: () => claimed };
}

const namesOf = (...kinds: { name: string }[][]) => kinds.flat().map(({ name }) => name);
