import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { number, object, string } from 'yup';
import type { CommonConfig } from '../config.ts';
import { isId } from '../events/ids.ts';
import { type Layout, type Partition, partitionOf, partitionsOf } from '../events/layout.ts';
import { allStreams } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { readBody } from '../http/body.ts';
import { openBlockingRedis } from '../redis/connection.ts';
import type { Store } from '../redis/store.ts';
import { replayModes } from '../streams/replay-target.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createFeed } from './feed.ts';
import { requestHistoryRoutes, streamHistoryRoutes } from './figure-routes.ts';
import { guardProblems, type OperatorRoutes, onOwnMachine } from './guard.ts';
import { eventsWithId, lifeOf, recentEvents } from './history.ts';
import { feedBlock } from './live-tail.ts';
import { readReaders } from './readers.ts';
import { createReplays } from './replays.ts';

interface EventRoutesOptions {
  redis: Store;
  /** Opens a connection to the node of a stream, for reads that block as long as `feedBlock`. */
  connect(stream: string): Redis;
  /** the keys of all partitions of all streams */
  streams: readonly string[];
  /** those of them that a subject's events may be in */
  streamsOf(subject: string): readonly string[];
  log: Logger;
}

/** How many recent events one answer has, at most and when it is not said. */
const maxRecent = 500;
const defaultRecent = 100;

/** Every such id fits into the 64 bits that Redis has for each part. */
const entryIdPattern = /^\d{1,19}-\d{1,19}$/;

const recentQuery = object({
  limit: number().integer().min(1).max(maxRecent).default(defaultRecent),
  until: string().matches(entryIdPattern, 'must be an id such as 1795383361000-0'),
});
const replayRequest = object({ mode: string().oneOf(replayModes).required() });

/** Makes what an operator sees and steers of streams: the feed of events, the readers, and the dead letters. */
function eventRoutes(options: EventRoutesOptions): OperatorRoutes {
  const { redis, streams, streamsOf } = options;
  const feed = createFeed(options);
  const letters = createDeadLetters(redis, streams);

  return {
    stop: feed.stop,
    problems: {
      invalid_cursor: [400, 'Invalid cursor'],
      no_dead_letter: [404, 'No dead letter'],
      entry_gone: [409, 'The entry was removed'],
      too_many_feeds: [503, 'Too many feeds'],
      ...guardProblems,
    },
    routes: onOwnMachine([
      {
        method: 'get',
        path: '/operator/events',
        type: 'text/event-stream',
        handle: (ctx) => feed.answer(ctx),
      },
      {
        method: 'get',
        path: '/operator/events/recent',
        async handle(ctx) {
          const { limit, until } = recentQuery.validateSync({ ...ctx.query }, { abortEarly: false });
          ctx.body = await recentEvents(redis, streams, limit, until);
        },
      },
      {
        method: 'get',
        path: '/operator/entries/:id',
        async handle(ctx) {
          const { id = '' } = ctx.params;
          if (!entryIdPattern.test(id))
            throw new Failure('not_found', 'An entry has an id like 1795383361000-0.');
          ctx.body = await eventsWithId(redis, streams, id);
        },
      },
      {
        method: 'get',
        path: '/operator/subjects/:id',
        async handle(ctx) {
          const { id = '' } = ctx.params;
          if (!isId(id)) throw new Failure('not_found', 'A subject is the id of a document.');
          ctx.body = await lifeOf(redis, streamsOf(id), id);
        },
      },
      {
        method: 'get',
        path: '/operator/readers',
        async handle(ctx) {
          ctx.body = await readReaders({ redis, streams });
        },
      },
      {
        method: 'get',
        path: '/operator/dead-letters',
        async handle(ctx) {
          ctx.body = await letters.list();
        },
      },
      {
        method: 'post',
        path: '/operator/dead-letters/:stream/:group/:id/requeue',
        async handle(ctx) {
          const { stream = '', group = '', id = '' } = ctx.params;
          await letters.of(stream, group).requeue(entryId(id));
          ctx.status = 204;
        },
      },
      {
        method: 'delete',
        path: '/operator/dead-letters/:stream/:group/:id',
        async handle(ctx) {
          const { stream = '', group = '', id = '' } = ctx.params;
          await letters.of(stream, group).drop(entryId(id));
          ctx.status = 204;
        },
      },
    ]),
  };
}

interface ReplayRoutesOptions {
  /** what Node runs for the service's own replays, before the name */
  command: readonly string[];
  /** what can be replayed */
  names: readonly string[];
  log: Logger;
}

/** Makes what starts a service's replays and tells of them. */
function replayRoutes(options: ReplayRoutesOptions): OperatorRoutes {
  const replays = createReplays(options);
  return {
    stop: replays.stop,
    problems: { replay_running: [409, 'A replay runs already'], ...guardProblems },
    routes: onOwnMachine([
      {
        method: 'get',
        path: '/operator/replays',
        handle(ctx) {
          ctx.body = { projections: options.names };
        },
      },
      {
        method: 'get',
        path: '/operator/replays/:projection',
        handle(ctx) {
          const { projection = '' } = ctx.params;
          ctx.body = { replays: replays.list(projection) };
        },
      },
      {
        method: 'post',
        path: '/operator/replays/:projection',
        async handle(ctx) {
          const { projection = '' } = ctx.params;
          const { mode } = await readBody(ctx, replayRequest);
          ctx.status = 202;
          ctx.body = replays.start(projection, mode);
        },
      },
    ]),
  };
}

/** Returns an entry id of a path. Fails with `no_dead_letter` if it is none. */
function entryId(text: string): string {
  if (entryIdPattern.test(text)) return text;
  throw new Failure('no_dead_letter', `There is no dead letter ${text}.`);
}

interface OperatorOptions {
  config: CommonConfig;
  layout: Layout;
  log: Logger;
  redis: Store;
  metrics: Registry;
  /** The patterns of the service's own routes, whose requests are told of. */
  paths: readonly string[];
  /** Whether there are the feed, the readers and the dead letters of all streams. */
  showsStreams: boolean;
  replays: Omit<ReplayRoutesOptions, 'log'>;
}

/** The operators' side of a service: its replays, and that of all streams if it shows them. */
export function operatorRoutes({
  config,
  layout,
  log,
  redis,
  metrics,
  paths,
  showsStreams,
  replays,
}: OperatorOptions): OperatorRoutes[] {
  const streamsOf = (partition: Partition) => allStreams.map(({ key }) => key(partition));
  const own = [replayRoutes({ ...replays, log }), requestHistoryRoutes({ metrics, paths, log })];
  if (!showsStreams) return own;
  const streams = partitionsOf(layout).flatMap(streamsOf);
  const ofStreams = eventRoutes({
    redis,
    log,
    connect: (key) => openBlockingRedis({ config, log, redis, key }, feedBlock),
    streams,
    streamsOf: (subject) => streamsOf(partitionOf(subject, layout)),
  });
  return [...own, ofStreams, streamHistoryRoutes({ redis, layout, streams, log })];
}
