import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { readBatches } from './entries.ts';
import { keepTrying, letGather } from './pause.ts';
import type { KeptProjection } from './projection.ts';

interface FollowOptions {
  projection: KeptProjection;
  /** Opens the connection for the blocking reads; it is closed when following ends. */
  connect(): Redis;
  signal: AbortSignal;
  log: Logger;
  /** Called each time the end of the stream was reached. */
  onCaughtUp?(): void;
}

/** How many entries are read and applied at once. */
const batchSize = 1000;
/** How long entries may gather after a read that found few, in milliseconds; a projection lags by as much. */
const gatherPause = 5;
/** How long a read waits for new entries, in milliseconds. */
export const followBlock = 5000;

/**
 * Feeds a projection from its stream, from the projection's own position on: every entry in order and exactly once,
 * however many processes follow. Errors are logged and tried again after a pause of at most two seconds, for ever.
 * Resolves when the signal aborts: a read ends at once, a step in Redis within its deadline.
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { projection, signal, log } = options;
  const { stream, name } = projection;
  try {
    while (!signal.aborted) {
      await keepTrying((worked) => followOn(options, worked), {
        signal,
        log,
        names: { stream, projection: name },
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Follows until the signal aborts, or something fails. */
async function followOn(options: FollowOptions, worked: () => void): Promise<void> {
  const { projection, connect, signal, log, onCaughtUp } = options;
  const { stream } = projection;
  let position = await projection.position();
  const positions = new Map([[stream, position]]);
  const source = { connect, positions, signal, count: batchSize, block: followBlock };
  for await (const { entries, isCaughtUp } of readBatches(source)) {
    if (entries.length > 0) {
      const batch = entries.map(({ entry }) => entry);
      position = await projection.apply(position, batch);
      positions.set(stream, position);
    }
    if (isCaughtUp) onCaughtUp?.();
    if (entries.length === 0) {
      // Somebody may have put the projection back, such as a replay that ended before what was applied meanwhile.
      position = await projection.position();
      positions.set(stream, position);
      await tellMissed(projection, log);
    } else if (isCaughtUp) await letGather(gatherPause, signal);
    worked();
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
