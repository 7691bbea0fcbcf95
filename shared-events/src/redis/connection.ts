import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { CommonConfig } from '../config.ts';
import { RedisUnavailable, unavailableIf } from './unavailable.ts';

/** The longest a command of a service may take before its caller is told that Redis is away, in milliseconds. */
const defaultTimeout = 1500;
/** So much longer a silent connection with commands under way is trusted, in milliseconds. */
const grace = 500;

type Command = Parameters<Redis['sendCommand']>[0];

/** Is told of each command that is sent; what it returns, of its end: with the error, if there was one. */
export type CommandObserver = (command: Command) => (error?: Error) => void;

interface ConnectionOptions {
  config: Pick<CommonConfig, 'REDIS_HOST' | 'REDIS_PORT'> &
    Partial<Pick<CommonConfig, 'REDIS_USERNAME' | 'REDIS_PASSWORD' | 'REDIS_TLS'>>;
  log: Logger;
  observe?: CommandObserver;
}

/**
 * Opens the connection for commands. It reconnects for ever; meanwhile, and if Redis is silent for too long, commands
 * fail with RedisUnavailable. A command is never sent twice: whether one that failed was carried out is unknown.
 * Credentials that are refused count as Redis being away, for they may be put right while this runs.
 * @param commandTimeout how long is too long, in milliseconds; 1.5 seconds when left out
 */
export function openRedis(options: ConnectionOptions, commandTimeout = defaultTimeout): Redis {
  const socketTimeout = commandTimeout + grace;
  return new Connection(options, { commandTimeout, socketTimeout, enableOfflineQueue: false });
}

/**
 * Opens a connection for reads that block up to so many milliseconds. Needed once per reader: such a read holds up all
 * behind it.
 */
export function openBlockingRedis(options: ConnectionOptions, block: number): Redis {
  return new Connection(options, { socketTimeout: block + defaultTimeout + grace });
}

class Connection extends Redis {
  readonly #observe: CommandObserver | undefined;
  #isCorked = false;

  constructor({ config, log, observe }: ConnectionOptions, options: Omit<RedisOptions, 'replyMapping'>) {
    super({
      host: config.REDIS_HOST,
      port: config.REDIS_PORT,
      ...credentials(config),
      ...(config.REDIS_TLS && { tls: {} }),
      // Redis 7.0 does not know the command, and an account would need it only to be told apart in CLIENT LIST.
      disableClientInfo: true,
      protocol: 2,
      connectTimeout: defaultTimeout + grace,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(50 * 2 ** (times - 1), 1000) * (0.75 + Math.random() / 2),
      ...options,
    });
    this.#observe = observe;
    this.on('ready', () => log.info('redis is connected'));
    this.on('error', (error) => tellAbsence(log, error));
  }

  override sendCommand(...args: Parameters<Redis['sendCommand']>): Promise<unknown> {
    const end = this.#observe?.(args[0]);
    this.#gatherWrites();
    const reply = (super.sendCommand(...args) as Promise<unknown>).then(
      (value) => {
        end?.();
        return value;
      },
      (error: Error) => {
        end?.(error);
        throw unavailableIf(error);
      },
    );
    // A command that waited for the connection is sent again by ioredis itself, which does not look at this promise.
    if (this.options.enableOfflineQueue) reply.catch(() => undefined);
    return reply;
  }

  /**
   * Sends at once what is written within one turn of the event loop: requests that are served together share one system
   * call here, one in Redis, and one confirmation of the disk. ioredis can pipeline by itself, but then commands wait
   * for the replies to those before them, and their deadlines begin only after that.
   */
  #gatherWrites(): void {
    const { stream } = this;
    if (this.#isCorked || !stream) return;
    this.#isCorked = true;
    stream.cork();
    setImmediate(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }
}

const credentials = ({ REDIS_USERNAME: username, REDIS_PASSWORD: password }: ConnectionOptions['config']) =>
  username !== undefined && password !== undefined ? { username, password } : {};

function tellAbsence(log: Logger, error: Error): void {
  const reason = error.message;
  const told = unavailableIf(error);
  if (told instanceof RedisUnavailable && told.refused) {
    log.error({ reason }, 'redis refuses REDIS_USERNAME or REDIS_PASSWORD; trying again');
  } else {
    log.warn({ reason }, 'redis is away');
  }
}

/**
 * Waits for a step of several commands until a moment of `performance.now()`; after it, fails with RedisUnavailable.
 */
export async function endBy<T>(deadline: number, step: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const left = Math.max(0, deadline - performance.now());
  const timer = setTimeout(() => reject(new RedisUnavailable('the step took too long')), left);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}
