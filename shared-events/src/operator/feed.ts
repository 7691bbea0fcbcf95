import { Readable } from 'node:stream';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { Failure } from '../failure.ts';
import { clientGone } from '../http/client-gone.ts';
import type { AppContext } from '../http/context.ts';
import type { Store } from '../redis/store.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import type { Positions } from '../streams/entries.ts';
import { lastUpTo } from '../streams/pages.ts';
import { endsOf } from '../streams/stream-info.ts';
import { untraced } from '../tracing.ts';
import { decodeCursor } from './cursor.ts';
import { feedTexts } from './feed-client.ts';
import type { Frame } from './frames.ts';
import { type LiveTail, startLiveTail } from './live-tail.ts';

interface FeedOptions {
  redis: Store;
  /** Opens a connection to the node of a stream, for reads that block as long as `feedBlock`. */
  connect(stream: string): Redis;
  /** the keys of all streams of the feed; a cursor holds for them in this order */
  streams: readonly string[];
  log: Logger;
}

/** The most clients that are served at once: it is a tool of a few operators, and shares its process with requests. */
const maxFeeds = 32;
/** How many entries are read at once in all, and at least of each stream. */
const pageSize = 100;
const minOfEach = 5;
/**
 * How long a client may take for what waits for it before its connection is ended, in milliseconds. It goes on from the
 * last event that it had.
 */
const drainTimeout = 30_000;

/**
 * Serves the events of several streams as Server-Sent Events, to 32 clients at most. A client that hands back the last id it
 * was sent, to whichever process, gets every entry behind it once, or an event `gap` that says what is missing. In each
 * stream entries come in order; across streams they are in order of time within each read.
 */
export function createFeed({ redis, connect, streams, log }: FeedOptions) {
  const count = Math.max(minOfEach, Math.ceil(pageSize / streams.length));
  const feeds = new Set<Readable>();
  const stopping = new AbortController();
  let tail: LiveTail | undefined;

  /** Yields what a client is sent; if Redis fails it ends, and the client comes back. */
  async function* serve(ctx: AppContext, start: Start | undefined, live: LiveTail, signal: AbortSignal) {
    try {
      const from = await positionsAt(redis, streams, start);
      yield* feedTexts({ redis, tail: live, from, count, isWanted: filterOf(ctx), signal });
    } catch (error) {
      const requestId = ctx.state.context.request;
      log[error instanceof RedisUnavailable ? 'debug' : 'warn'](
        { err: error, requestId },
        'a feed is interrupted',
      );
    }
  }

  function open(ctx: AppContext, from: Start | undefined): Readable {
    tail ??= untraced(() => startLiveTail({ redis, connect, streams, count, log }));
    const signal = AbortSignal.any([clientGone(ctx), stopping.signal]);
    const cut = () => feed.destroy();
    const feed = Readable.from(withDeadline(serve(ctx, from, tail, signal), drainTimeout, cut));
    // A feed whose client has taken everything ends by itself.
    signal.addEventListener('abort', () => (ctx.res.closed || ctx.res.writableNeedDrain) && cut());
    feeds.add(feed);
    return feed.once('close', () => close(feed));
  }

  function close(feed: Readable): void {
    feeds.delete(feed);
    if (feeds.size > 0) return;
    tail?.stop();
    tail = undefined;
  }

  return {
    /**
     * Answers a request with the feed from where it says. Fails with `invalid_cursor`, or with `too_many_feeds` while 32
     * clients are served.
     */
    answer(ctx: AppContext): void {
      const from = startOf(ctx, streams);
      if (feeds.size >= maxFeeds) throw new Failure('too_many_feeds', tooMany);
      ctx.set({
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      ctx.body = open(ctx, from);
    },
    /** Ends all feeds; their clients come back to whoever serves then. */
    stop: () => stopping.abort(),
  };
}

const tooMany = `${maxFeeds} clients follow the events here already. Try again when one has left.`;

/** Where a client wants to begin; `isOlder` as in `decodeCursor`. */
interface Start {
  positions: Positions;
  isOlder?: boolean;
}

/** Returns where a client wants to begin: after a cursor, at the beginning, or nothing, which is at the end. */
function startOf(ctx: AppContext, streams: readonly string[]): Start | undefined {
  const cursor = ctx.get('Last-Event-ID') || ctx.URL.searchParams.get('after');
  if (cursor) return decodeCursor(cursor, streams);
  const isFromStart = ctx.URL.searchParams.get('from') === '0';
  return isFromStart ? { positions: new Map(streams.map((stream) => [stream, '0-0'])) } : undefined;
}

/** Resolves to the positions that a client begins at: each, but for those it has named itself, one of an entry. */
async function positionsAt(
  redis: Store,
  streams: readonly string[],
  start: Start | undefined,
): Promise<Positions> {
  if (start === undefined) return endsOf(redis, streams);
  const { positions, isOlder } = start;
  if (!isOlder) return positions;
  const found = [...positions].map(async ([stream, id]): Promise<[string, string]> => {
    return [stream, await lastUpTo({ redis, stream }, id)];
  });
  return new Map(await Promise.all(found));
}

/** Returns what tells which events a client wants: those of some types and of a subject, or all. */
function filterOf({ URL: { searchParams } }: AppContext): (frame: Frame) => boolean {
  const types = searchParams.getAll('type').flatMap((list) => list.split(','));
  const wanted = searchParams.get('subject');
  return ({ type, subject }) =>
    (types.length === 0 || types.includes(type)) && (wanted === null || wanted === subject);
}

/** Yields texts as they are taken; calls `onLate` if one is not, for so many milliseconds. */
async function* withDeadline(texts: AsyncIterable<string>, timeout: number, onLate: () => void) {
  for await (const text of texts) {
    const timer = setTimeout(onLate, timeout);
    try {
      yield text;
    } finally {
      clearTimeout(timer);
    }
  }
}
