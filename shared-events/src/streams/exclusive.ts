import type { Redis } from 'ioredis';
import { Failure } from '../service/failure.ts';
import { script } from './script.ts';

const lua = (file: string) => new URL(`lua/${file}.lua`, import.meta.url);
const holdLease = script(lua('hold-lease'));
const releaseLease = script(lua('release-lease'));

/** How long a lock outlives a holder that was killed, in milliseconds. */
const lockTime = 5000;

/**
 * Runs work that only one process may do at a time. Fails with `held_by_another`, naming the holder, where somebody
 * else does it. The signal aborts when the lock could not be kept.
 */
export async function exclusively<T>(
  { redis, key, holder }: { redis: Redis; key: string; holder: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const hold = () => holdLease(redis, [key], [holder, lockTime]);
  const found = await hold();
  if (found !== holder) {
    throw new Failure(
      'held_by_another',
      `${found} is at it already. Try again when it has ended; a holder that was killed is forgotten after ${lockTime / 1000} s.`,
    );
  }
  const lost = new AbortController();
  let heldSince = performance.now();
  const timer = setInterval(async () => {
    const asked = performance.now();
    const kept = await hold().catch(() => undefined);
    if (kept === holder) heldSince = asked;
    else if (kept !== undefined || performance.now() - heldSince > lockTime) lost.abort();
  }, lockTime / 4);
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    await releaseLease(redis, [key], [holder]);
  }
}
