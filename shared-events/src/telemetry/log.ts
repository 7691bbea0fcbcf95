import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { destination, type Logger, pino, stdSerializers } from 'pino';

/** How long the end of a process waits for its log to be taken, in milliseconds. */
const flushTimeout = 500;

/** How many characters of lines are gathered before they are written, and how long they wait for that, in milliseconds. */
const gathered = 8192;
const gatherTime = 200;

/**
 * A logger that writes JSON lines to standard output without making anyone wait: many together, the last ones after
 * 0.2 seconds. Before the process ends, wait for `written`; one that is killed loses what was not yet written.
 */
export const createLogger = (name: string, level: string): Logger =>
  pino({ level, base: { name }, serializers: { err: withoutCommands } }, gatheringOutput());

/** An error without what ioredis puts into its errors: the command with its arguments, that is documents of clients. */
function withoutCommands(error: unknown) {
  // Anything can be thrown, and is to be told.
  if (!(error instanceof Error)) return error;
  const { command, previousErrors, ...rest } = stdSerializers.err(error);
  return rest;
}

/**
 * Standard output, to which lines go many together. SonicBoom, below, can gather too, but then takes the length of all that
 * it has gathered anew with each line, which is most of what a line costs.
 */
function gatheringOutput() {
  const output = destination({ dest: 1, sync: false, minLength: 1 });
  // Blocks the process for ever if nobody takes the lines any more.
  output.flushSync = () => undefined;
  let lines = '';
  let timer: NodeJS.Timeout | undefined;

  function pass(): void {
    clearTimeout(timer);
    timer = undefined;
    output.write(lines);
    lines = '';
  }

  return {
    write(line: string): void {
      lines += line;
      if (lines.length >= gathered) pass();
      else timer ??= setTimeout(pass, gatherTime).unref();
    },
    flush(done: (error?: Error) => void): void {
      pass();
      output.flush(done);
    },
  };
}

/**
 * Waits until all that was logged is written, or cannot be. Resolves to false if nobody takes it for half a second.
 */
export async function written(log: Logger): Promise<boolean> {
  const done = promisify((flushed: (error?: Error) => void) => log.flush(flushed))().catch(() => undefined);
  return Promise.race([done.then(() => true), delay(flushTimeout, false)]);
}
