import { hostname } from 'node:os';
import { pino } from 'pino';
import { type CommonConfig, commonConfig, readConfig } from '../config.ts';
import type { Layout } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import { openRedis } from '../redis/connection.ts';
import { layoutOfData } from '../redis/layout.ts';
import type { Store } from '../redis/store.ts';
import { RedisUnavailable, unavailableIf } from '../redis/unavailable.ts';

/** Writes a line to standard output. */
export const say = (line: string) => process.stdout.write(`${line}\n`);

/** Runs a command; if it cannot do what it was asked it ends with exit code 2, after saying why in a line. */
export async function command(run: () => Promise<void>): Promise<void> {
  // Whoever reads the output, such as head, may have enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  // What nobody expected shows where it came from; Node's own exit code for it, 1, may be an answer.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(2);
  });
  try {
    await run();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? wordsOf(error) : error}\n`);
    process.exitCode = 2;
  }
}

/** What an error says; of an unknown option without Node's advice, which is about another mistake. */
const wordsOf = ({ message, code }: NodeJS.ErrnoException): string =>
  code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    ? `${message.split('. ')[0]}. --help tells what there is.`
    : message;

/**
 * How long a reply may take, in milliseconds: less than a replay's lock is held, and more than for a service, since a
 * command yields to requests and so may itself be late on a busy machine.
 */
const commandTimeout = 4000;

/** A command says in its own words what goes wrong. */
export const silent = pino({ level: 'silent' });

/**
 * Connects to the Redis of the environment for the time of some work, which is told how the data is laid out. Fails if
 * there is no Redis, or with `wrong_partitions` if the environment says another number.
 */
export async function withRedis(
  work: (redis: Store, layout: Layout, config: CommonConfig) => Promise<void>,
): Promise<void> {
  const config = readConfig(commonConfig, process.env);
  const redis = await connectTo(config);
  try {
    await work(redis, await layoutOfData(redis, config.PARTITIONS), config);
  } finally {
    redis.disconnect();
  }
}

/** Connects to a Redis, for as long as a command likes. Fails if there is none. */
export async function connectTo(config: CommonConfig): Promise<Store> {
  const redis = openRedis({ config, log: silent }, commandTimeout);
  try {
    await new Promise((resolve, reject) =>
      redis.once('ready', resolve).once('error', (error) => reject(withHint(nodeError(error) ?? error))),
    );
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Returns what a node said, if it is a cluster that cannot be reached. */
const nodeError = (error: { lastNodeError?: Error }): Error | undefined => error.lastNodeError;

/** Returns an error, with the question that comes first if Redis does not answer. */
function withHint(error: Error): Error {
  const failure = unavailableIf(error);
  if (!(failure instanceof RedisUnavailable) || failure.refused) return error;
  return new Failure('no_redis', `${error.message}: is Redis running there?`, { cause: error });
}

/** Returns how a command is told of to whoever has to wait for it. */
export const holderOf = (what: string): string =>
  `${hostname()}:${process.pid} (${what}, since ${new Date().toISOString()})`;

const lastOf = (time: number) => `${time}-18446744073709551615`;

/** Returns an entry id as it is given, or the last id a time can have; nothing if it is neither. */
export function entryId(when: string | undefined): string | undefined {
  if (when === undefined || /^\d+-\d+$/.test(when)) return when;
  const time = Date.parse(when);
  return Number.isNaN(time) ? undefined : lastOf(time);
}
