import { boolean, type InferType, number, type ObjectSchema, object, string, ValidationError } from 'yup';
import { Failure } from './failure.ts';

/** A whole number of an environment. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return number().typeError(message).integer(message).min(min, message).max(max, message);
}

const port = () => wholeNumber(1, 65_535);

/** An address of a node: its host, in brackets if that is an IPv6 address, and its port. */
const nodePattern = /^(?:\[([\da-f:]+)\]|([\w.-]+)):(\d{1,5})$/i;

/** A node of a Redis Cluster, or the one Redis there is. */
export interface Node {
  host: string;
  port: number;
}

/** Returns the nodes that a list such as `10.0.0.1:6379,10.0.0.2:6379` names; nothing for what is no such list. */
export function nodesIn(list: string): Node[] | undefined {
  const found = list.split(',').map((text) => nodePattern.exec(text.trim()));
  const nodes = found.map((match) => ({ host: match?.[1] ?? match?.[2] ?? '', port: Number(match?.[3]) }));
  return nodes.every(({ port: number }) => number >= 1 && number <= 65_535) ? nodes : undefined;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** One of two variables that say nothing without the other. */
const paired = (other: string) =>
  string().test('paired', `needs ${other} beside it`, function isPaired(value) {
    return value === undefined || this.parent[other] !== undefined;
  });

/** What is never shown, not even if it is wrong; an address may hold a password. */
const secrets = new Set([
  'REDIS_PASSWORD',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
]);

/** What both services read from the environment. A service adds its own fields and its default for PORT. */
export const commonConfig = object({
  HOST: string().default('0.0.0.0'),
  REDIS_HOST: string().default('127.0.0.1'),
  REDIS_PORT: port().default(6379),
  /** Some nodes of a Redis Cluster, in place of the one Redis: the others are found through them. */
  REDIS_CLUSTER: string().test(
    'nodes',
    'must be nodes such as 10.0.0.1:6379,10.0.0.2:6379',
    (value) => value === undefined || nodesIn(value) !== undefined,
  ),
  /** Some Sentinels in place of the one Redis: they tell which is the master of a name, and they are asked again when it fails. */
  REDIS_SENTINELS: paired('REDIS_SENTINEL_NAME').test(
    'nodes',
    'must be Sentinels such as 10.0.0.1:26379,10.0.0.2:26379',
    (value) => value === undefined || nodesIn(value) !== undefined,
  ),
  REDIS_SENTINEL_NAME: paired('REDIS_SENTINELS'),
  /** How many replicas must have a write before it is answered. */
  REDIS_REPLICAS: wholeNumber(0, 4).default(0),
  /** The account and its password; that of Redis's `default` account, which needs none, when left out. */
  REDIS_USERNAME: paired('REDIS_PASSWORD'),
  REDIS_PASSWORD: paired('REDIS_USERNAME'),
  /** Whether to speak TLS; the server's certificate must be one that Node trusts. */
  REDIS_TLS: boolean().typeError('must be true or false').default(false),
  /** How many partitions new data is given; that of the data, or 1 if there is none, when left out. */
  PARTITIONS: wholeNumber(1, 64),
  LOG_LEVEL: string()
    .oneOf(logLevels, `must be one of ${logLevels.join(', ')}`)
    .default('info'),
}).test('one-redis', function isOneRedis() {
  const { REDIS_CLUSTER, REDIS_SENTINELS, REDIS_HOST, REDIS_PORT } = this.originalValue;
  const places = Object.entries({
    REDIS_CLUSTER,
    REDIS_SENTINELS,
    'REDIS_HOST or REDIS_PORT': REDIS_HOST ?? REDIS_PORT,
  });
  const [path, other] = places.filter(([, value]) => value !== undefined).map(([name]) => name);
  if (path === undefined || other === undefined) return true;
  return this.createError({ path, message: `cannot stand beside ${other}` });
});

export type CommonConfig = InferType<typeof commonConfig>;

/** The port a service listens on. */
export const listenPort = (defaultValue: number) => port().default(defaultValue);

/** The address of the other service, or its path at a gateway before several of it; without a slash at its end. */
export const baseUrl = (defaultValue: string) =>
  string()
    .default(defaultValue)
    .test('base-url', 'must be an http address such as http://localhost:8000', (value) => {
      const url = URL.parse(value);
      return url?.protocol === 'http:' && url.search + url.hash === '' && !value.endsWith('/');
    });

/**
 * Reads the configuration from the environment; an empty variable counts as absent.
 * Fails with `invalid_config`, naming every variable that is wrong and what it may be.
 */
export function readConfig<T extends object>(schema: ObjectSchema<T>, env: NodeJS.ProcessEnv): T {
  const given = Object.keys(schema.fields).filter((name) => env[name] !== undefined && env[name] !== '');
  try {
    const values = Object.fromEntries(given.map((name) => [name, env[name]]));
    return schema.validateSync(values, { abortEarly: false }) as T;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const faults = new Set(error.inner.map(({ path, message }) => `${shown(path ?? '', env)}: ${message}`));
    throw new Failure('invalid_config', [...faults].join('; '), { cause: error });
  }
}

const shown = (name: string, env: NodeJS.ProcessEnv): string =>
  secrets.has(name) ? name : `${name}=${env[name] ?? ''}`;
