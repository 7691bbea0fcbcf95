import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { CommonConfig } from '../config.ts';

/** The longest a command of a service may take before its caller is told that Redis is away, in milliseconds. */
const defaultTimeout = 1500;
/** So much longer a silent connection with commands under way is trusted, in milliseconds. */
const grace = 500;

interface Connection {
  config: Pick<CommonConfig, 'REDIS_HOST' | 'REDIS_PORT'> &
    Partial<Pick<CommonConfig, 'REDIS_USERNAME' | 'REDIS_PASSWORD' | 'REDIS_TLS'>>;
  log: Logger;
}

/**
 * Opens the connection for commands. It reconnects for ever; meanwhile, and where Redis is silent for too long,
 * commands fail, and `isRedisAway` tells so. A command is never sent twice: whether one that failed was carried out
 * is unknown. Credentials that are refused count as Redis being away, for they may be put right while this runs.
 * @param commandTimeout how long is too long, in milliseconds; 1.5 seconds when left out
 */
export function openRedis(connection: Connection, commandTimeout = defaultTimeout): Redis {
  const socketTimeout = commandTimeout + grace;
  return open(connection, { commandTimeout, socketTimeout, enableOfflineQueue: false });
}

/**
 * Opens a connection for reads that block up to so many milliseconds. Needed once per reader: such a read holds up all
 * behind it.
 */
export function openBlockingRedis(connection: Connection, block: number): Redis {
  return open(connection, { socketTimeout: block + defaultTimeout + grace });
}

function open({ config, log }: Connection, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const redis = new Redis({
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
  redis.on('connect', () => gatherWrites(redis.stream));
  redis.on('ready', () => log.info('redis is connected'));
  redis.on('error', (error) => tellAbsence(log, error));
  return redis;
}

/**
 * Sends at once what is written within one turn of the event loop: requests that are served together share one system
 * call here, one in Redis, and one confirmation of the disk. ioredis can pipeline by itself, but then commands wait for
 * the replies to those before them, and their deadlines begin only after that.
 */
function gatherWrites(stream: Redis['stream']): void {
  const write = stream.write.bind(stream) as (data: unknown) => boolean;
  let gathered = '';
  function flush(): void {
    const text = gathered;
    gathered = '';
    if (text !== '' && stream.writable) write(text);
  }
  stream.write = (data: unknown) => {
    if (typeof data !== 'string') {
      flush();
      return write(data);
    }
    if (gathered === '') setImmediate(flush);
    gathered += data;
    return true;
  };
}

const credentials = ({ REDIS_USERNAME: username, REDIS_PASSWORD: password }: Connection['config']) =>
  username !== undefined && password !== undefined ? { username, password } : {};

function tellAbsence(log: Logger, error: Error): void {
  const reason = error.message;
  if (isRefused(error)) log.error({ reason }, 'redis refuses REDIS_USERNAME or REDIS_PASSWORD; trying again');
  else log.warn({ reason }, 'redis is away');
}

/** Whether Redis answers now; told within 1.5 seconds. */
export const answers = (redis: Redis): Promise<boolean> =>
  redis.ping().then(
    () => true,
    () => false,
  );

/**
 * A step of several commands that must end by a moment of `performance.now()`; after it, it fails as if Redis were
 * away.
 */
export async function endBy<T>(deadline: number, step: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const left = Math.max(0, deadline - performance.now());
  const timer = setTimeout(() => reject(new Error('Command timed out')), left);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}

const refusals =
  /^(OOM|LOADING|BUSY|MISCONF|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)\b/;

/** The last two are what Redis 7.0, and later ones, say of a command in a script. */
const denials =
  /^(WRONGPASS|NOAUTH|NOPERM|ERR The user executing the script can't|ERR ACL failure in script)\b/;

/** Whether Redis refuses who asks: the account, its password, or the account's right to a command or a key. */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ReplyError' && denials.test(error.message);

/** Whether an error of a command says that Redis cannot be reached, or will not write, for now. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return refusals.test(error.message) || isRefused(error);
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /^(Command timed out|Connection is closed|Stream isn't writeable|Socket timeout)/.test(error.message) ||
    ('code' in error && ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'].includes(String(error.code)))
  );
}
