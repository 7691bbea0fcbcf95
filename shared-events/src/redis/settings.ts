import type { Command, Redis, RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { CommonConfig } from '../config.ts';
import type { Confirmation } from './confirm.ts';
import { TlsConnector } from './tls-connector.ts';
import { RedisUnavailable, unavailableIf } from './unavailable.ts';

// What every connection has in common: to the one Redis, to a node of a cluster, and of a reader.

/** So much longer than a command may take a silent connection with commands under way is trusted, in milliseconds. */
export const grace = 500;

/** Is told of each command that is sent; what it returns, of its end: with the error, if there was one. */
export type CommandObserver = (command: Command) => (error?: Error) => void;

/** Where Redis is, and who asks. */
export type RedisConfig = Pick<CommonConfig, 'REDIS_HOST' | 'REDIS_PORT'> &
  Partial<
    Pick<
      CommonConfig,
      | 'REDIS_CLUSTER'
      | 'REDIS_SENTINELS'
      | 'REDIS_SENTINEL_NAME'
      | 'REDIS_USERNAME'
      | 'REDIS_PASSWORD'
      | 'REDIS_TLS'
    >
  >;

export interface ConnectionOptions {
  config: RedisConfig;
  log: Logger;
  observe?: CommandObserver;
  /** For a connection that writes: has its writes confirmed by replicas. */
  confirmation?: Confirmation | undefined;
}

/** Returns who asks, and how it is spoken. */
export function speaking({ REDIS_USERNAME: username, REDIS_PASSWORD: password, REDIS_TLS }: RedisConfig) {
  return {
    ...(username !== undefined && password !== undefined && { username, password }),
    ...(REDIS_TLS && { tls: {}, Connector: TlsConnector }),
    // Redis 7.0 does not know the command, and an account would need it only to be told apart in CLIENT LIST.
    disableClientInfo: true,
    protocol: 2,
  } satisfies RedisOptions;
}

/** Returns how long to wait before the next try to connect, in milliseconds. */
export const backoff = (times: number): number =>
  Math.min(50 * 2 ** (times - 1), 1000) * (0.75 + Math.random() / 2);

/** Tells the observer of a command's end, and gives an error the name that callers know. */
export const observed = (
  reply: Promise<unknown>,
  end: ((error?: Error) => void) | undefined,
): Promise<unknown> =>
  reply.then(
    (value) => {
      end?.();
      return value;
    },
    (error: Error) => {
      end?.(error);
      throw unavailableIf(error);
    },
  );

/**
 * Sends at once what is written to a connection within one turn of the event loop: requests that are served together
 * share one system call here, one in Redis, and one confirmation of the disk. ioredis can pipeline by itself, but then
 * commands wait for the replies to those before them, and their deadlines begin only after that.
 */
export function gatherWrites({ stream }: Redis): void {
  if (!stream || stream.writableCorked > 0) return;
  stream.cork();
  setImmediate(() => stream.uncork());
}

/** Tells that Redis, or a node, cannot be reached. */
export function tellAbsence(log: Logger, error: Error, node?: string): void {
  const about = { reason: error.message, ...(node && { node }) };
  const told = unavailableIf(error);
  if (told instanceof RedisUnavailable && told.refused) {
    log.error(about, 'redis refuses REDIS_USERNAME or REDIS_PASSWORD; trying again');
  } else {
    log.warn(about, 'redis is away');
  }
}
