import { Failure } from '../failure.ts';
import { takeLease } from './lease.ts';
import type { Store } from './store.ts';

/** How long a lock outlives a holder that was killed, in milliseconds. */
const lockTime = 5000;

/**
 * Runs work that only one process may do at a time. Fails with `held_by_another`, naming the holder, if somebody
 * else does it. The signal aborts when the lock could not be kept; whether it is kept, `isHeld` tells by this process's own
 * clock, and so also to one that was stopped for a while and has not learnt of it yet.
 */
export async function exclusively<T>(
  { redis, key, holder }: { redis: Store; key: string; holder: string },
  work: (signal: AbortSignal, isHeld: () => boolean) => Promise<T>,
): Promise<T> {
  const lock = await takeLease({ redis, key, holder, time: lockTime });
  if (typeof lock === 'string') {
    throw new Failure(
      'held_by_another',
      `${lock} is at it already. Try again when it has ended; a holder that was killed is forgotten after ${lockTime / 1000} s.`,
    );
  }
  try {
    return await work(lock.lost, lock.isHeld);
  } finally {
    await lock.release();
  }
}
