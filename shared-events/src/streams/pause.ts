import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isRedisAway, isRefused } from '../redis/connection.ts';

/**
 * Waits before the next try after so many failures: exponential backoff with jitter, about 100, 200, 400 … 2000
 * milliseconds. Ends at once when the signal aborts.
 */
export async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(100 * 2 ** (failures - 1), 2000);
  await delay(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}

/** Logs why a reader has to pause. That Redis is away is told by its connection already. */
export function tellInterruption(log: Logger, error: unknown, names: object): void {
  log[isRedisAway(error) && !isRefused(error) ? 'debug' : 'warn'](
    { err: error, ...names },
    'reading is interrupted',
  );
}

/** How long readers leave between two reads when there was little to read, in milliseconds. */
const gathering = 5;

/**
 * Lets entries gather after a read that found few, so that under load one read, one step and one confirmation of the
 * disk serve many entries. An entry that comes alone is read at once. Ends at once when the signal aborts.
 */
export const letGather = (signal: AbortSignal): Promise<void> =>
  delay(gathering, undefined, { signal }).catch(() => undefined);

interface RetryOptions {
  log: Logger;
  signal: AbortSignal;
  /** what the log names: stream, group and the like */
  names?: object;
}

/** What a reader does about errors: it counts those in a row, tells of each, and pauses before it goes on. */
export function retries({ log, signal, names = {} }: RetryOptions) {
  let failures = 0;
  return {
    /** Has the next pause be a short one again. */
    succeeded(): void {
      failures = 0;
    },
    /** Resolves when it is time to try again: at once, and without a word, when the signal has aborted. */
    async failed(error: unknown): Promise<void> {
      if (signal.aborted) return;
      failures += 1;
      tellInterruption(log, error, { ...names, failures });
      await pause(failures, signal);
    },
  };
}
