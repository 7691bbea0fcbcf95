import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RawEntry } from '../events/entry.ts';
import { letGather, pause, tellInterruption } from './pause.ts';

/** A fold of a stream, kept in Redis together with the position up to which it holds. */
export interface Projection {
  /** The id of the last entry applied; `0-0` before the first. */
  position(): Promise<string>;
  /**
   * Applies a batch that follows the position `from`, and moves the position to the batch's last entry, in one
   * guarded step. Where the position is no longer `from` it changes nothing. Resolves to the position it left.
   */
  apply(from: string, batch: RawEntry[]): Promise<string>;
  /** How many entries were removed from the stream before the projection came to them; each is told once. */
  missed(): Promise<number>;
}

/** The position that a projection keeps in the hash of this key. */
export const storedPosition = async (redis: Redis, key: string): Promise<string> =>
  (await redis.hget(key, 'position')) ?? '0-0';

interface FollowOptions {
  stream: string;
  projection: Projection;
  /** Opens the connection for the blocking reads; it is closed when following ends. */
  connect(): Redis;
  signal: AbortSignal;
  log: Logger;
  /** Called each time everything in the stream has been applied. */
  onCaughtUp?(): void;
}

/** How many entries are read and applied at once. */
const batchSize = 1000;
/** How long a read waits for new entries, in milliseconds. */
export const followBlock = 5000;

/**
 * Feeds a projection from its stream, from the projection's own position on: every entry in order and exactly once,
 * however many processes follow. Errors are logged and tried again after a pause of at most two seconds, for ever.
 * Resolves when the signal aborts: a read ends at once, a step in Redis within its deadline.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { stream, projection, connect, signal, log, onCaughtUp } = options;
  const reader = connect();
  const hangUp = () => reader.disconnect();
  signal.addEventListener('abort', hangUp);
  let failures = 0;
  let caughtUp = false;
  try {
    while (!signal.aborted) {
      try {
        let position = await projection.position();
        for (;;) {
          const batch = await read(reader, stream, position, caughtUp);
          const last = batch.at(-1);
          caughtUp = batch.length < batchSize;
          if (last !== undefined) position = await projection.apply(position, batch);
          if (caughtUp) onCaughtUp?.();
          if (last === undefined) await tellMissed(projection, stream, log);
          else if (caughtUp) await letGather(signal);
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        tellInterruption(log, error, { stream, failures });
        await pause(failures, signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

/** Tells of a gap instead of skipping it in silence. */
async function tellMissed(projection: Projection, stream: string, log: Logger): Promise<void> {
  const missed = await projection.missed();
  if (missed > 0) {
    log.error(
      { stream, missed },
      'entries were removed from the stream unread; the projection may be wrong: replay it',
    );
  }
}

/** The entries behind a position; waits for some only where the reader has seen everything else. */
async function read(reader: Redis, stream: string, position: string, wait: boolean): Promise<RawEntry[]> {
  const found = wait
    ? await reader.xread('COUNT', batchSize, 'BLOCK', followBlock, 'STREAMS', stream, position)
    : await reader.xread('COUNT', batchSize, 'STREAMS', stream, position);
  return found?.[0]?.[1] ?? [];
}
