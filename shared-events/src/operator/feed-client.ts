import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { encodeCursor } from './cursor.ts';
import { entryFrame, type Frame, gapFrame, heartbeatFrame, helloFrame } from './frames.ts';
import { gapFinder, restart } from './gaps.ts';
import type { createHistory } from './history.ts';
import { type Batch, isAhead, type LiveTail, type Position, positionAt } from './live-tail.ts';

export interface Filter {
  /** the types that are let through; all when left out */
  types?: ReadonlySet<string> | undefined;
  subject?: string | undefined;
}

interface ClientOptions {
  res: ServerResponse;
  filter: Filter;
  /** where to begin; at the end of the streams when left out */
  from?: readonly string[] | undefined;
  redis: Redis;
  streams: readonly string[];
  tail: LiveTail;
  readPage: ReturnType<typeof createHistory>;
  signal: AbortSignal;
}

/** The most bytes that wait for one client; one that has more is taken from the live events until it has read them. */
const maxUnsent = 1024 * 1024;
/**
 * How long a client may take for what waits for it, which is a page of the stream at most, before its connection is
 * ended, in milliseconds. It goes on from the last event that it had.
 */
const drainTimeout = 30_000;
/** When a client is asked to come back after a break, in milliseconds. */
const retry = 1000;
/** How long to wait for the tail to come to where a client is already, in milliseconds. */
const aheadDelay = 20;

/**
 * Serves one client of the feed until the signal aborts: what it has not had is read from the streams page by page,
 * as fast as it takes it, up to where the live tail is; from there on it is given what comes. A client that is slower
 * than the events goes back to reading pages, so it misses nothing and what waits for it stays bounded.
 */
export function feedClient({ res, filter, from, redis, streams, tail, readPage, signal }: ClientOptions) {
  const gaps = gapFinder(redis, streams);
  const unfiltered = filter.types === undefined && filter.subject === undefined;
  const wanted = ({ type, subject }: Frame): boolean =>
    (filter.types === undefined || filter.types.has(type)) &&
    (filter.subject === undefined || filter.subject === subject);
  const isFull = () => res.writableLength > maxUnsent;
  let at: Position | undefined = from && positionAt(from);

  function send(batch: Batch): void {
    at = batch.after;
    if (unfiltered) return void res.write(batch.bytes);
    const text = batch.frames.filter(wanted).map((frame) => frame.text);
    if (batch.notices || text.length > 0) res.write(batch.notices + text.join(''));
  }

  /** Writes a text and waits until there is room for more. Ends a connection that takes too long. */
  async function write(text: string): Promise<void> {
    if (text !== '' && !res.write(text)) await drained();
  }

  async function drained(): Promise<void> {
    if (res.destroyed || !res.writableNeedDrain) return;
    const late = AbortSignal.any([signal, AbortSignal.timeout(drainTimeout)]);
    await once(res, 'drain', { signal: late }).catch(() => res.destroy());
  }

  /**
   * Tells what is missing behind a position; gives where to go on, which is before it where the streams end before it.
   */
  async function tellGaps(position: Position): Promise<Position> {
    const found = await gaps(position.ids);
    await write(found.map((gap) => gapFrame(gap, position.cursor)).join(''));
    return positionAt(restart(streams, position.ids, found));
  }

  /** Sends what lies between where the client is and a position. */
  async function catchUp(start: Position, { ids }: Position): Promise<Position> {
    let position = await tellGaps(start);
    while (!signal.aborted && isAhead(ids, position.ids)) {
      const page = await readPage(position.ids, ids);
      // What was removed before it could be read is known only now.
      await tellGaps(position);
      const frames = page.found.map(({ stream, entry, ids: behind }) =>
        entryFrame(stream, entry, encodeCursor(behind)),
      );
      const texts = frames.filter(wanted).map(({ text }) => text);
      await write(texts.join(''));
      position = positionAt(page.end);
      at = position;
    }
    at = position;
    return position;
  }

  /** Takes part in the live events from where the client is; resolves when it has fallen behind, or is gone. */
  async function goLive(): Promise<void> {
    const waiting: Batch[] = [];
    let size = 0;
    let isLive = false;
    const behind = Promise.withResolvers<void>();
    const listener = (batch: Batch): void => {
      if (isLive) send(batch);
      else waiting.push(batch);
      size += isLive ? 0 : batch.bytes.length;
      if (isFull() || size > maxUnsent) leave();
    };
    const leave = (): void => {
      tail.leave(listener);
      behind.resolve();
    };
    signal.addEventListener('abort', leave);
    try {
      const joined = await tail.join(listener);
      const start = at ?? joined;
      if (at === undefined) await write(helloFrame(retry, joined.cursor));
      const reached = await catchUp(start, joined);
      if (isAhead(reached.ids, joined.ids)) return void (await delay(aheadDelay));
      if (size > maxUnsent || signal.aborted) return;
      isLive = true;
      for (const batch of waiting.splice(0)) if (isAhead(batch.after.ids, joined.ids)) send(batch);
      await behind.promise;
    } finally {
      leave();
      signal.removeEventListener('abort', leave);
    }
  }

  return {
    async serve(): Promise<void> {
      if (at) await write(helloFrame(retry, at.cursor));
      while (!signal.aborted) {
        await goLive();
        await drained();
      }
    },
    /** Tells a client that nothing is on its way to where it stands. */
    beat(): void {
      if (at && res.writableLength === 0) res.write(heartbeatFrame(at.cursor));
    },
  };
}
