import { Failure } from '../failure.ts';
import { exclusively } from '../redis/exclusive.ts';
import { smallScript } from '../redis/script.ts';
import { compareIds } from './entry-id.ts';
import type { StreamRange } from './pages.ts';
import { streamInfo } from './stream-info.ts';

// What keeps those apart who remove entries of a stream, and those who read all of it.

const markScript = smallScript(new URL('lua/mark.lua', import.meta.url));
/** The key that tells up to where the history of a stream is not whole. */
export const compactedKey = (stream: string): string => `${stream}:compacted`;

/**
 * Runs a compaction of a stream, or a replay: one at a time. Fails with `held_by_another`, naming the holder. The signal
 * aborts if the lock could not be kept.
 */
export const withStreamLock = <T>(
  { redis, stream, holder }: StreamRange & { holder: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => exclusively({ redis, key: `${stream}:lock`, holder }, work);

/** Marks that from now on the history of a stream before an id is not whole. It works also when memory is out. */
export async function markCompacted({ redis, stream }: StreamRange, before: string): Promise<void> {
  const marked = (await redis.get(compactedKey(stream))) ?? '0-0';
  if (compareIds(marked, before) < 0) await markScript(redis, [compactedKey(stream)], [before]);
}

/** Fails with `compacted` if the state of a stream as it was at an id cannot be told, because it was compacted since. */
export async function refuseCompacted({ redis, stream }: StreamRange, until: string): Promise<void> {
  const mark = (await redis.get(compactedKey(stream))) ?? '0-0';
  if (compareIds(until, mark) >= 0) return;
  const moment = new Date(Number.parseInt(mark, 10)).toISOString();
  throw new Failure(
    'compacted',
    `The history of ${stream} was compacted up to ${moment}: what was there before that is not known any more.`,
  );
}

/** Thrown by work on a stream that finds the stream, or what it makes of it, not as it left it: it has to begin again. */
export class Disturbed extends Error {}

/** How often work is begun again at most. */
const maxAttempts = 5;

/**
 * Runs work that reads a whole stream; again if it fails with Disturbed, or if entries were removed meanwhile, by somebody
 * who did not ask for the lock. Fails with `disturbed` if that happens each of five times.
 */
export async function undisturbed<T>(range: StreamRange, work: () => Promise<T>): Promise<T> {
  let removed = await removedFrom(range);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const result = await work().catch((error: unknown) => {
      if (error instanceof Disturbed) return error;
      throw error;
    });
    const now = await removedFrom(range);
    if (now === removed && !(result instanceof Disturbed)) return result;
    removed = now;
  }
  throw new Failure(
    'disturbed',
    `Entries of ${range.stream} were removed or replaced again and again while it was read.`,
  );
}

/** Resolves to how many entries were ever removed from a stream. */
async function removedFrom({ redis, stream }: StreamRange): Promise<number> {
  const { added, length } = await streamInfo(redis, stream);
  return added - length;
}
