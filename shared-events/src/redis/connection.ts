import { Redis, type RedisOptions } from 'ioredis';
import { nodesIn } from '../config.ts';
import { ClusterConnection } from './cluster.ts';
import { confirmWrites } from './confirm.ts';
import {
  backoff,
  type CommandObserver,
  type ConnectionOptions,
  gatherWrites,
  grace,
  observed,
  type RedisConfig,
  speaking,
  tellAbsence,
} from './settings.ts';
import { addressOf, type Store } from './store.ts';
import { RedisUnavailable } from './unavailable.ts';

/** The longest a command of a service may take before its caller is told that Redis is away, in milliseconds. */
const defaultTimeout = 1500;

/**
 * Opens the connection for commands, or those to the nodes of a cluster. It reconnects for ever; meanwhile, and if Redis
 * is silent for too long, commands fail with RedisUnavailable. A command is never sent twice: whether one that failed was
 * carried out is unknown. Credentials that are refused count as Redis being away, for they may be put right while this
 * runs.
 * @param commandTimeout how long is too long, in milliseconds; 1.5 seconds when left out
 */
export function openRedis(options: ConnectionOptions, commandTimeout = defaultTimeout): Store {
  if (options.config.REDIS_CLUSTER) return new ClusterConnection(options, commandTimeout);
  const socketTimeout = commandTimeout + grace;
  const redis = new Connection(options, {
    ...placeOf(options.config, backoff),
    commandTimeout,
    socketTimeout,
    connectTimeout: socketTimeout,
    enableOfflineQueue: false,
    retryStrategy: backoff,
    // Of a master that has become a replica: Sentinels know the new one. What was sent is not sent again.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
  if (options.confirmation) confirmWrites(redis, options.confirmation);
  redis.connectAgain();
  redis.on('ready', () => options.log.info('redis is connected'));
  redis.on('error', (error) => tellAbsence(options.log, error));
  return redis;
}

export interface ReaderOptions extends ConnectionOptions {
  /** Knows the node of each key. */
  redis: Store;
  /** One of the keys that are read: all are of one partition. */
  key: string;
}

/**
 * Opens a connection for reads that block up to so many milliseconds, to the node that has the key now. Needed once per
 * reader: such a read holds up all behind it. It is of no use any more when a read has failed: the next may have to ask
 * another node. Fails with RedisUnavailable if no node is known for the key.
 */
export function openBlockingRedis({ redis, key, ...options }: ReaderOptions, block: number): Redis {
  const socketTimeout = block + defaultTimeout + grace;
  const { config } = options;
  const reader = new Connection(options, {
    ...(config.REDIS_SENTINELS ? placeOf(config, never) : addressOf(redis, key)),
    socketTimeout,
    connectTimeout: defaultTimeout + grace,
    retryStrategy: never,
  });
  // Whoever reads is told by the read.
  return reader.on('error', (error) => options.log.debug({ reason: error.message }, 'a reader is cut off'));
}

/** Has a connection that fails not be tried again. */
const never = () => null;

/**
 * Returns where the one Redis is, or who knows: Sentinels, which are asked each time a connection is made.
 * @param retry how long to wait before they are asked again if none answers, in milliseconds
 */
function placeOf(
  { REDIS_HOST: host, REDIS_PORT: port, REDIS_SENTINELS, REDIS_SENTINEL_NAME: name, REDIS_TLS }: RedisConfig,
  retry: (times: number) => number | null,
): Partial<RedisOptions> {
  const sentinels = nodesIn(REDIS_SENTINELS ?? '');
  if (!REDIS_SENTINELS || !sentinels || !name) return { host, port };
  return {
    sentinels,
    name,
    sentinelRetryStrategy: retry,
    sentinelCommandTimeout: defaultTimeout,
    // Else a master that is frozen would be believed in as long as it keeps its connections.
    failoverDetector: retry !== never,
    // What asks Sentinels is itself what makes the connection.
    ...(REDIS_TLS && { sentinelTLS: {}, enableTLSForSentinelMode: true, Connector: undefined }),
  };
}

class Connection extends Redis {
  readonly #observe: CommandObserver | undefined;
  #isOver = false;

  constructor({ config, observe }: ConnectionOptions, options: Omit<RedisOptions, 'replyMapping'>) {
    super({
      ...speaking(config),
      maxRetriesPerRequest: 0,
      ...options,
    });
    this.#observe = observe;
  }

  /**
   * Makes the connection anew whenever it has ended, until it is disconnected. ioredis does so but for one case: if it hears
   * of another master while it asks Sentinels for the present one, it ends the connection for ever.
   */
  connectAgain(): void {
    this.on('end', () => {
      if (this.#isOver) return;
      setTimeout(() => this.#isOver || this.connect().catch(() => undefined), backoff(1));
    });
  }

  override disconnect(reconnect = false): void {
    this.#isOver ||= !reconnect;
    super.disconnect(reconnect);
  }

  override sendCommand(...args: Parameters<Redis['sendCommand']>): Promise<unknown> {
    const end = this.#observe?.(args[0]);
    gatherWrites(this);
    const reply = observed(super.sendCommand(...args) as Promise<unknown>, end);
    // What ioredis asks by itself, or by callback, or sends again when there is a connection, it does not look at here.
    reply.catch(() => undefined);
    return reply;
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
