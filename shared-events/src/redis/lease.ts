import { smallScript } from './script.ts';
import type { Store } from './store.ts';

const holdScript = smallScript(new URL('lua/hold-lease.lua', import.meta.url));
const releaseScript = smallScript(new URL('lua/release-lease.lua', import.meta.url));

interface LeaseOptions {
  redis: Store;
  key: string;
  holder: string;
  /** How long the lease outlives a holder that dies, in milliseconds. */
  time: number;
}

/** A lease that is held, and renewed until it is released. */
export interface Lease {
  /** Aborts when another has the lease, when it could not be renewed in time, or when it is abandoned. */
  lost: AbortSignal;
  /**
   * Returns whether the lease was renewed within its time, by this process's own clock; if not, it is lost. A process that
   * was stopped, and has not yet learnt that another took over, finds it out here.
   */
  isHeld(): boolean;
  /** Tells whoever works under the lease to end. It is renewed all the same, until it is released. */
  abandon(): void;
  release(): Promise<void>;
}

/** Takes a lease, or resolves to the name of who holds it. Only one holder at a time has it. */
export async function takeLease({ redis, key, holder, time }: LeaseOptions): Promise<Lease | string> {
  const hold = () => holdScript(redis, [key], [holder, time]) as Promise<string>;
  let heldSince = performance.now();
  const found = await hold();
  if (found !== holder) return found;

  const lost = new AbortController();
  const isInTime = (now: number) => now - heldSince < time;
  const isLate = () => lost.abort(new Error(`${key} could not be held in time`));
  const timer = setInterval(async () => {
    const asked = performance.now();
    if (!isInTime(asked)) return isLate();
    const now = await hold().catch(() => undefined);
    if (now === holder) heldSince = asked;
    else if (now !== undefined) lost.abort(new Error(`${now} has taken over ${key}`));
  }, time / 3);
  return {
    lost: lost.signal,
    isHeld() {
      if (!isInTime(performance.now())) isLate();
      return !lost.signal.aborted;
    },
    abandon: () => lost.abort(),
    async release() {
      clearInterval(timer);
      await releaseScript(redis, [key], [holder]);
    },
  };
}
