import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { number, object, string } from 'yup';
import { asEvent } from '../events/as-event.ts';
import { isId } from '../events/ids.ts';
import { Failure } from '../failure.ts';
import type { AppRouter } from '../http/app.ts';
import { readBody } from '../http/body.ts';
import type { FollowedStream } from '../streams/reader-states.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createFeed } from './feed.ts';
import { ownMachineOnly } from './guard.ts';
import { createReaders } from './readers.ts';
import { recentEntries } from './recent.ts';
import { createReplays, replayModes } from './replays.ts';
import { lifeOf } from './subjects.ts';

/** Routes for operators, and what ends the work behind them; call it before the server stops. */
export interface OperatorRoutes {
  routes(router: AppRouter): void;
  stop(): void;
}

interface EventRoutesOptions {
  redis: Redis;
  /** Opens a connection for reads that block as long as `feedBlock`. */
  connect(): Redis;
  /** the keys of all partitions of all streams */
  streams: readonly string[];
  /** those of them that a subject's events may be in */
  streamsOf(subject: string): readonly string[];
  projections: readonly FollowedStream[];
  log: Logger;
}

/** How many recent events one answer has, at most and when it is not said. */
const maxRecent = 500;
const defaultRecent = 100;

const recentQuery = object({ limit: number().integer().min(1).max(maxRecent).default(defaultRecent) });
const replayRequest = object({ mode: string().oneOf(replayModes).required() });

/** What an operator sees and steers of streams: the feed of events, the readers, and the dead letters. */
export function eventRoutes(options: EventRoutesOptions): OperatorRoutes {
  const { redis, streams, streamsOf } = options;
  const feed = createFeed(options);
  const readers = createReaders(options);
  const letters = createDeadLetters(redis, streams);

  return {
    stop: feed.stop,
    routes(router) {
      router.use('/operator', ownMachineOnly);
      router.get('/operator/events', (ctx) => feed.answer(ctx));
      router.get('/operator/events/recent', async (ctx) => {
        const { limit } = recentQuery.validateSync({ ...ctx.query }, { abortEarly: false });
        const { cursor, entries } = await recentEntries(redis, streams, limit);
        ctx.body = { cursor, events: entries.map(({ stream, entry }) => asEvent(stream, entry)) };
      });
      router.get('/operator/subjects/:id', async (ctx) => {
        const { id } = ctx.params as { id: string };
        if (!isId(id)) throw new Failure('not_found', 'A subject is the id of a document.');
        ctx.body = await lifeOf(redis, streamsOf(id), id);
      });
      router.get('/operator/readers', async (ctx) => {
        ctx.body = await readers();
      });
      router.get('/operator/dead-letters', async (ctx) => {
        ctx.body = await letters.list();
      });
      router.post('/operator/dead-letters/:stream/:group/:id/requeue', async (ctx) => {
        const { stream, group, id } = ctx.params as Record<'stream' | 'group' | 'id', string>;
        await letters.of(stream, group).requeue(entryId(id));
        ctx.status = 204;
      });
      router.delete('/operator/dead-letters/:stream/:group/:id', async (ctx) => {
        const { stream, group, id } = ctx.params as Record<'stream' | 'group' | 'id', string>;
        await letters.of(stream, group).drop(entryId(id));
        ctx.status = 204;
      });
    },
  };
}

interface ReplayRoutesOptions {
  /** the service's own replay command */
  command: URL;
  projections: readonly string[];
  log: Logger;
}

/** What starts a service's replays and tells of them. */
export function replayRoutes(options: ReplayRoutesOptions): OperatorRoutes {
  const replays = createReplays(options);
  return {
    stop: replays.stop,
    routes(router) {
      router.use('/operator', ownMachineOnly);
      router.get('/operator/replays', (ctx) => {
        ctx.body = { projections: options.projections };
      });
      router.get('/operator/replays/:projection', (ctx) => {
        ctx.body = { replays: replays.list((ctx.params as { projection: string }).projection) };
      });
      router.post('/operator/replays/:projection', async (ctx) => {
        const { mode } = await readBody(ctx, replayRequest);
        ctx.status = 202;
        ctx.body = replays.start((ctx.params as { projection: string }).projection, mode);
      });
    },
  };
}

/** An entry id of a path; anything else names no dead letter. */
function entryId(text: string): string {
  if (/^\d{1,20}-\d{1,20}$/.test(text)) return text;
  throw new Failure('no_dead_letter', `There is no dead letter ${text}.`);
}
