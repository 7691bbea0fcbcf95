import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { destination, type Logger, pino } from 'pino';

/** What ioredis puts into its errors: the command with its arguments, that is documents of clients. */
const redact = { paths: ['err.command', 'err.previousErrors'], remove: true };

/** How long the end of a process waits for its log to be taken, in milliseconds. */
const flushTimeout = 500;

/**
 * A logger that writes JSON lines to standard output without making anyone wait: many together, the last ones after
 * 0.2 seconds. Before the process ends, wait for `written`; one that is killed loses what was not yet written.
 */
export function createLogger(name: string, level: string): Logger {
  const output = destination({ dest: 1, sync: false, minLength: 8192, periodicFlush: 200 });
  // Blocks the process for ever if nobody takes the lines any more.
  output.flushSync = () => undefined;
  return pino({ level, base: { name }, redact }, output);
}

/**
 * Waits until all that was logged is written, or cannot be. Resolves to false if nobody takes it for half a second.
 */
export async function written(log: Logger): Promise<boolean> {
  const done = promisify((flushed: (error?: Error) => void) => log.flush(flushed))().catch(() => undefined);
  return Promise.race([done.then(() => true), delay(flushTimeout, false)]);
}
