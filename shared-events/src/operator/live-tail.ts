import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RawEntry } from '../events/entry.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import { encodeCursor } from './cursor.ts';
import { entryFrame, type Frame, gapFrame } from './frames.ts';
import { gapFinder, restart } from './gaps.ts';
import { inOrder, later } from './history.ts';
import { lastIdOf } from './stream-info.ts';

/** A position in every stream. */
export interface Position {
  ids: readonly string[];
  cursor: string;
}

/** What one read brought, made ready once for all clients. */
export interface Batch {
  frames: Frame[];
  /** what every client is sent, whatever it filters: news of gaps */
  notices: string;
  /** notices and frames together, for clients that filter nothing */
  bytes: Buffer;
  /** where whoever has had this stands */
  after: Position;
}

interface TailOptions {
  redis: Redis;
  /** Opens the connection for the blocking reads; it is closed when nobody listens any more. */
  connect(): Redis;
  streams: readonly string[];
  log: Logger;
}

type Listener = (batch: Batch) => void;

/** How long a read waits for new entries, in milliseconds. */
export const feedBlock = 5000;
const batchSize = 500;
/** How long to wait after a failed read, in milliseconds. */
const retryDelay = 200;
/**
 * What is written to many goes together: the pause between two reads, in milliseconds for each listener and at most.
 */
const pausePerListener = 0.1;
const maxPause = 100;

/** A position with the cursor that stands for it. */
export const positionAt = (ids: readonly string[]): Position => ({ ids, cursor: encodeCursor(ids) });

/**
 * The end of several streams, read once for however many listeners: by one blocking read, which begins with the first
 * of them and ends with the last. A read that fails is tried again from where it was, for ever.
 */
export function createLiveTail({ redis, connect, streams, log }: TailOptions) {
  const listeners = new Set<Listener>();
  let reading: { position: Promise<Position>; stop: AbortController } | undefined;
  let now: Position | undefined;

  function deliver(batch: Batch): void {
    now = batch.after;
    for (const listener of listeners) listener(batch);
  }

  function begin(): NonNullable<typeof reading> {
    const stop = new AbortController();
    const position = Promise.all(streams.map((stream) => lastIdOf(redis, stream))).then(positionAt);
    const started = { position, stop };
    position.then(
      (start) => {
        if (stop.signal.aborted) return;
        now = start;
        read(start, stop.signal);
      },
      () => {
        if (reading === started) reading = undefined;
      },
    );
    return started;
  }

  async function read(start: Position, signal: AbortSignal): Promise<void> {
    const reader = connect();
    const hangUp = () => reader.disconnect();
    signal.addEventListener('abort', hangUp);
    const gaps = gapFinder(redis, streams);
    let at = start;
    let failed = false;
    while (!signal.aborted) {
      try {
        const batch = failed ? await tellGaps(gaps, at) : await readMore(reader, at);
        failed = false;
        if (!batch || signal.aborted) continue;
        at = batch.after;
        deliver(batch);
        await delay(Math.min(maxPause, listeners.size * pausePerListener));
      } catch (error) {
        if (signal.aborted) break;
        failed = true;
        log[error instanceof RedisUnavailable ? 'debug' : 'warn'](
          { err: error },
          'the event feed is interrupted',
        );
        await delay(retryDelay);
      }
    }
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }

  async function readMore(reader: Redis, { ids }: Position): Promise<Batch | undefined> {
    const reply = (await reader.xread(
      ...(['COUNT', batchSize, 'BLOCK', feedBlock, 'STREAMS', ...streams, ...ids] as const),
    )) as [string, RawEntry[]][] | null;
    if (!reply) return undefined;
    const entries = reply.flatMap(([stream, page]) => page.map((entry) => ({ stream, entry })));
    const found = inOrder(streams, ids, entries);
    const frames = found.map(({ stream, entry, ids }) => entryFrame(stream, entry, encodeCursor(ids)));
    const last = found.at(-1)?.ids ?? ids;
    return makeBatch(frames, '', positionAt(last));
  }

  /** After an interruption: entries may have been removed meanwhile, or older data been restored. */
  async function tellGaps(gaps: ReturnType<typeof gapFinder>, { ids }: Position): Promise<Batch | undefined> {
    const found = await gaps(ids);
    if (found.length === 0) return undefined;
    const after = positionAt(restart(streams, ids, found));
    return makeBatch([], found.map((gap) => gapFrame(gap, after.cursor)).join(''), after);
  }

  return {
    /**
     * Adds a listener and resolves to where the tail is: the listener is given all that follows. Fails where Redis is
     * away and nobody listens yet.
     */
    async join(listener: Listener): Promise<Position> {
      listeners.add(listener);
      reading ??= begin();
      try {
        await reading.position;
        return now as Position;
      } catch (error) {
        listeners.delete(listener);
        throw error;
      }
    },
    leave(listener: Listener): void {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      reading?.stop.abort();
      reading = undefined;
      now = undefined;
    },
  };
}

const makeBatch = (frames: Frame[], notices: string, after: Position): Batch => ({
  frames,
  notices,
  bytes: Buffer.from(notices + frames.map(({ text }) => text).join('')),
  after,
});

export type LiveTail = ReturnType<typeof createLiveTail>;

/** Whether a position is past another in any stream. */
export const isAhead = (a: readonly string[], b: readonly string[]): boolean =>
  later(b, a).some((id, at) => id !== b[at]);
