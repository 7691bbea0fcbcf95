import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RawEntry } from '../events/entry.ts';
import { keepTrying, letGather } from './pause.ts';
import type { KeptProjection } from './projection.ts';

interface FollowOptions {
  projection: KeptProjection;
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
export async function follow({ projection, connect, signal, log, onCaughtUp }: FollowOptions): Promise<void> {
  const { stream, name } = projection;
  const reader = connect();
  const hangUp = () => reader.disconnect();
  signal.addEventListener('abort', hangUp);

  async function followOn(worked: () => void): Promise<never> {
    let position = await projection.position();
    for (let caughtUp = false; ; ) {
      signal.throwIfAborted();
      const batch = await read(reader, stream, position, caughtUp);
      caughtUp = batch.length < batchSize;
      if (batch.length > 0) position = await projection.apply(position, batch);
      if (caughtUp) onCaughtUp?.();
      if (batch.length === 0) await tellMissed(projection, log);
      else if (caughtUp) await letGather(signal);
      worked();
    }
  }

  try {
    await keepTrying(followOn, { signal, log, names: { stream, projection: name } });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

/** Tells of a gap instead of skipping it in silence. */
async function tellMissed(projection: KeptProjection, log: Logger): Promise<void> {
  const missed = await projection.missed();
  if (missed > 0) {
    log.error(
      { stream: projection.stream, projection: projection.name, missed },
      'entries were removed from the stream unread; the projection may be wrong: replay it',
    );
  }
}

/** Reads the entries behind a position; waits for some only if the reader has seen everything else. */
async function read(reader: Redis, stream: string, position: string, wait: boolean): Promise<RawEntry[]> {
  const found = wait
    ? await reader.xread('COUNT', batchSize, 'BLOCK', followBlock, 'STREAMS', stream, position)
    : await reader.xread('COUNT', batchSize, 'STREAMS', stream, position);
  return found?.[0]?.[1] ?? [];
}
