import { destination, type Logger, pino } from 'pino';

/** A logger that writes JSON lines to standard output without making anyone wait; pino writes the rest at the end. */
export function createLogger(name: string, level: string): Logger {
  return pino({ level, base: { name } }, destination({ dest: 1, sync: false }));
}
