import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { readBatches } from './entries.ts';
import { gatherTime, keepTrying, letGather } from './pause.ts';
import type { KeptProjection } from './projection.ts';

interface FollowOptions {
  projection: KeptProjection;
  /** Opens the connection for the blocking reads; it is closed when following ends. */
  connect(): Redis;
  /** Builds the projection anew from its stream, and puts it in the place of the one there is. */
  rebuild(): Promise<void>;
  signal: AbortSignal;
  log: Logger;
  /** In how many partitions the process follows like this. Default 1. */
  partitions?: number;
  /** Called each time the end of the stream was reached. */
  onCaughtUp?(): void;
}

/** How many entries are read and applied at once. */
const batchSize = 1000;
/** How long entries of one partition may gather after a read that found few, in milliseconds; a projection lags by as much. */
const gatherPause = 8;
/** How long a read waits for new entries, in milliseconds. */
export const followBlock = 5000;

/**
 * Feeds a projection from its stream, from the projection's own position on: every entry in order and exactly once,
 * however many processes follow. Errors are logged and tried again after a pause of at most two seconds, for ever, on a
 * connection of its own each time. A projection whose stream has lost what it was made of is built anew.
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
  const { projection, connect, signal, log, partitions = 1, onCaughtUp } = options;
  const { stream } = projection;
  await standOnStream(options);
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
      if ((await projection.standing()) === 'lost') return;
    } else if (isCaughtUp) await letGather(gatherTime(gatherPause, partitions), signal);
    worked();
  }
}

/**
 * Builds the projection anew if its stream has lost entries that it has applied, as by a failover or a restore of older
 * data. If the stream's beginning is gone as well, that would forget what nobody has any more, and so it is only told.
 */
async function standOnStream({ projection, rebuild, log }: FollowOptions): Promise<void> {
  const standing = await projection.standing();
  if (standing === 'whole') return;
  const names = { stream: projection.stream, projection: projection.name };
  if (standing === 'unknown') {
    log.error(
      names,
      'the stream ends before what the projection holds, and begins after it; restore the stream',
    );
    return;
  }
  log.error(names, 'the stream has lost entries that the projection holds; the projection is built anew');
  await rebuild();
  log.warn(names, 'the projection is built anew');
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
