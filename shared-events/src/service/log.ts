import { destination, type Logger, pino } from 'pino';

/** What ioredis puts into its errors: the command with its arguments, that is documents of clients. */
const redact = { paths: ['err.command', 'err.previousErrors'], remove: true };

/** A logger that writes JSON lines to standard output without making anyone wait; pino writes the rest at the end. */
export function createLogger(name: string, level: string): Logger {
  return pino({ level, base: { name }, redact }, destination({ dest: 1, sync: false }));
}
