import type { Logger } from 'pino';
import { Failure } from './failure.ts';
import { createLogger, written } from './telemetry/log.ts';
import { startTracing } from './telemetry/start-tracing.ts';

/** How long a stop may take, in milliseconds, before the process ends all the same. */
const stopDeadline = 8000;

interface Service<Config> {
  name: string;
  /** Reads the configuration; what it throws is the answer to whoever starts the service. */
  configure(env: NodeJS.ProcessEnv): Config;
  /**
   * Builds the parts and starts them. Resolves to what stops them, in order.
   * `fail` ends the process when a part finds later that it cannot go on.
   */
  start(config: Config, log: Logger, fail: (error: unknown) => void): Promise<() => Promise<void>>;
}

/**
 * Runs a service until SIGTERM, SIGINT, or an error that ends it: then it is stopped, once, within eight seconds, and
 * the process ends with 0 after a clean stop that was asked for, else with 1; by SIGKILL if nobody takes its log.
 */
export async function runProcess<Config extends { LOG_LEVEL: string }>(
  service: Service<Config>,
): Promise<void> {
  const config = readOrExit(service);
  const log = createLogger(service.name, config.LOG_LEVEL);
  let stop = async () => {};
  let stopping = false;

  async function end(code: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      log.fatal('could not stop in time');
      exit(1);
    }, stopDeadline);
    try {
      await stop();
    } catch (error) {
      log.fatal(error, 'could not stop cleanly');
      return exit(1);
    }
    if (code === 0) log.info('stopped');
    await exit(code);
  }

  async function exit(code: number): Promise<void> {
    // An exit waits for a write that is under way.
    if (!(await written(log))) process.kill(process.pid, 'SIGKILL');
    process.exit(code);
  }

  function fail(error: unknown): void {
    if (error instanceof Failure) log.fatal(error.message);
    else log.fatal(error);
    end(1);
  }

  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  process.on('uncaughtException', fail);
  try {
    const stopTracing = await startTracing({ name: service.name, env: process.env, log });
    const stopService = await service.start(config, log, fail);
    stop = () => stopService().finally(stopTracing);
  } catch (error) {
    fail(error);
  }
}

function readOrExit<Config>({ name, configure }: Service<Config>): Config {
  try {
    return configure(process.env);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(1);
  }
}
