import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RedisUnavailable } from '../redis/unavailable.ts';

/**
 * Waits before the next try after so many failures: exponential backoff with jitter, about 100, 200, 400 … 2000
 * milliseconds. Ends at once when the signal aborts.
 */
export async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(100 * 2 ** (failures - 1), 2000);
  await delay(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}

interface TryingOptions {
  signal: AbortSignal;
  log: Logger;
  /** what the log calls the work */
  names?: object;
  /** Returns whether another try would be in vain. */
  isFinal?(error: unknown): boolean;
}

/**
 * Runs work until it succeeds: tells each failure, pauses, and begins again, for ever. Work that goes on and on calls
 * `worked` now and then, so that only failures in a row make the pauses longer. Fails when the signal aborts, and with
 * an error that is final.
 */
export async function keepTrying<T>(
  work: (worked: () => void) => Promise<T>,
  { signal, log, names, isFinal = () => false }: TryingOptions,
): Promise<T> {
  let failures = 0;
  const worked = () => {
    failures = 0;
  };
  for (;;) {
    try {
      return await work(worked);
    } catch (error) {
      if (signal.aborted || isFinal(error)) throw error;
      failures += 1;
      tellInterruption(log, error, { ...names, failures });
      await pause(failures, signal);
      signal.throwIfAborted();
    }
  }
}

/** Logs why a reader has to pause. That Redis is away is told by its connection already. */
function tellInterruption(log: Logger, error: unknown, names: object): void {
  const isTold = error instanceof RedisUnavailable && !error.refused;
  log[isTold ? 'debug' : 'warn']({ err: error, ...names }, 'reading is interrupted');
}

/**
 * Lets entries gather for so many milliseconds after a read that found few, so that under load one read, one step and one
 * confirmation of the disk serve many entries. An entry that comes alone is read at once. Ends at once when the signal
 * aborts.
 */
export const letGather = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  delay(milliseconds, undefined, { signal }).catch(() => undefined);

/**
 * Returns how long entries may gather in each of so many partitions that a process reads, in milliseconds: each further
 * partition has fewer of them, and costs a read all the same.
 */
export const gatherTime = (pauseOfOne: number, partitions: number): number =>
  pauseOfOne * Math.min(6, Math.max(1, partitions / 4));
