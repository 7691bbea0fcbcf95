import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { clientGone } from '../http/client-gone.ts';
import type { AppContext } from '../http/context.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import { untraced } from '../tracing.ts';
import { decodeCursor } from './cursor.ts';
import { feedClient } from './feed-client.ts';
import { createHistory } from './history.ts';
import { createLiveTail } from './live-tail.ts';

interface FeedOptions {
  redis: Redis;
  /** Opens a connection for reads that block as long as `feedBlock`. */
  connect(): Redis;
  /** the keys of all streams of the feed; a cursor holds for them in this order */
  streams: readonly string[];
  log: Logger;
}

/** How often a feed without news is told where it stands, in milliseconds. */
const heartbeat = 10_000;

/**
 * The events of several streams as Server-Sent Events, for any number of clients. A client that hands back the last
 * id it was sent, to whichever process, gets every entry behind it once, or an event `gap` that says what is missing.
 * In each stream entries come in order; across streams they are in order of time within each read.
 */
export function createFeed({ redis, connect, streams, log }: FeedOptions) {
  const tail = createLiveTail({ redis, connect, streams, log });
  const readPage = createHistory(redis, streams);
  const clients = new Set<ReturnType<typeof feedClient>>();
  const stopping = new AbortController();
  let beating: NodeJS.Timeout | undefined;

  function add(client: ReturnType<typeof feedClient>): void {
    clients.add(client);
    beating ??= setInterval(() => {
      for (const each of clients) each.beat();
    }, heartbeat);
  }

  function remove(client: ReturnType<typeof feedClient>): void {
    clients.delete(client);
    if (clients.size > 0) return;
    clearInterval(beating);
    beating = undefined;
  }

  async function serve(client: ReturnType<typeof feedClient>, ctx: AppContext): Promise<void> {
    add(client);
    try {
      await client.serve();
    } catch (error) {
      const requestId = ctx.state.context.request;
      log[error instanceof RedisUnavailable ? 'debug' : 'warn'](
        { err: error, requestId },
        'a feed is interrupted',
      );
    } finally {
      remove(client);
      ctx.res.end();
    }
  }

  return {
    /** Answers a request with the feed from where it says. Fails with `invalid_cursor`. */
    answer(ctx: AppContext): void {
      const from = startOf(ctx, streams.length);
      const types = ctx.URL.searchParams.getAll('type').flatMap((list) => list.split(','));
      const filter = {
        types: types.length > 0 ? new Set(types) : undefined,
        subject: ctx.URL.searchParams.get('subject') ?? undefined,
      };
      ctx.status = 200;
      ctx.set({
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      ctx.respond = false;
      ctx.res.flushHeaders();
      if (ctx.method === 'HEAD') return void ctx.res.end();
      const signal = AbortSignal.any([clientGone(ctx), stopping.signal]);
      const client = feedClient({ res: ctx.res, filter, from, redis, streams, tail, readPage, signal });
      void untraced(() => serve(client, ctx));
    },
    /** Ends all feeds; their clients come back to whoever serves then. */
    stop: () => stopping.abort(),
  };
}

/** Where a client wants to begin: after a cursor, at the beginning, or at the end, which is nothing. */
function startOf(ctx: AppContext, streams: number): readonly string[] | undefined {
  const cursor = ctx.get('Last-Event-ID') || ctx.URL.searchParams.get('after');
  if (cursor) return decodeCursor(cursor, streams);
  return ctx.URL.searchParams.get('from') === '0' ? Array(streams).fill('0-0') : undefined;
}
