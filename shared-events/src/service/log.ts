import { destination, type Logger, pino } from 'pino';

/** What ioredis puts into its errors: the command with its arguments, that is documents of clients. */
const redact = { paths: ['err.command', 'err.previousErrors'], remove: true };

/**
 * A logger that writes JSON lines to standard output without making anyone wait: many together, the last ones after
 * 0.2 seconds. pino writes the rest when the process ends; one that is killed loses them.
 */
export function createLogger(name: string, level: string): Logger {
  return pino(
    { level, base: { name }, redact },
    destination({ dest: 1, sync: false, minLength: 8192, periodicFlush: 200 }),
  );
}
