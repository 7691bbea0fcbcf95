import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ObjectSchema } from 'yup';
import type { CommonConfig } from './config.ts';
import { type Layout, partitionsOf } from './events/layout.ts';
import { createApp } from './http/app.ts';
import type { Readiness } from './http/common-routes.ts';
import type { Api } from './http/route.ts';
import { describeService, openApi } from './openapi/openapi.ts';
import { operatorRoutes } from './operator/routes.ts';
import { type Readers, streamReaders } from './readers.ts';
import type { RecordSet } from './records/replay.ts';
import { missingOf } from './redis/health.ts';
import { layoutChange } from './redis/layout.ts';
import type { Store } from './redis/store.ts';
import { openLeftFences } from './streams/fence.ts';
import type { Projection } from './streams/projection.ts';
import type { Reaction } from './streams/reaction.ts';

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

export type ServiceConfig = CommonConfig & { PORT: number };

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

export interface StartOptions<Config extends ServiceConfig, Collaborators> {
  definition: ServiceDefinition<Config, Collaborators>;
  /** the file of the service's own program */
  main: string;
  config: Config;
  log: Logger;
  fail(error: unknown): void;
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

/**
 * Returns the parts of a service for data that is laid out so. They answer `not_ready` until they are opened, and when the
 * layout changes.
 */
export function serving<Config extends ServiceConfig, Collaborators>(
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
        onAlone: () => openLeftFences(redis, streams, layout, log),
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
