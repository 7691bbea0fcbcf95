import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Ports, root } from './parts.ts';

/** What `npm start` is asked for. */
export interface StartOptions {
  help: boolean;
  /** Whether a service restarts when its source changes. */
  watch: boolean;
  /** Whether a Redis Cluster of six nodes is in place of the one Redis. */
  cluster: boolean;
  /** Whether debuggers can attach to the services. */
  inspect: boolean;
  /** How many processes of each service there are. */
  instances: number;
  /** How many requests a second are sent to it as a demonstration, if any. */
  demo?: number;
  ports: Ports;
  dataDir: string;
}

export const portVariables: Record<
  Exclude<keyof Ports, 'cluster' | 'sentinels'>,
  [variable: string, preset: number]
> = {
  gateway: ['GATEWAY_PORT', 8080],
  operator: ['OPERATOR_PORT', 8081],
  users: ['USER_SERVICE_PORT', 8005],
  tasks: ['TASK_SERVICE_PORT', 8002],
  redis: ['REDIS_PORT', 6379],
};

/** Where debuggers attach to the services. */
export const inspectPorts = { 'user-service': 9229, 'task-service': 9230 };

export const help = `Runs the whole system on this machine until Ctrl+C: Redis, both services and nginx.

  npm start                   installs what is missing, and runs it
  npm run start:cluster       the same on a Redis Cluster, with data of its own (--cluster)
  npm run dev                 the same; a service restarts when its source changes (--watch)
  npm run demo                the same with people who use it, on data of its own (--demo)
  npm run demo -- --rate 50   so many requests a second, 1 to 500 (10)
  npm run dev -- --inspect    debuggers can attach: to the user service at port ${inspectPorts['user-service']},
                              to the task service at ${inspectPorts['task-service']}

From the environment:

${Object.values(portVariables)
  .map(([variable, preset]) => `  ${variable.padEnd(26)}  a port (${preset})`)
  .join('\n')}
  INSTANCES                   how many processes of each service (1)
  DATA_DIR                    the folder of the data (.data, .data/cluster or .data/demo)
  LOG_LEVEL                   what is logged (info, or debug and others)`;

/** Reads the command line and the environment. Fails with one line that says what is wrong. */
export function readStartOptions(args: string[], env: NodeJS.ProcessEnv): StartOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parse({
    args,
    options: {
      help: { ...flag, short: 'h' },
      ...{ watch: flag, inspect: flag, cluster: flag, demo: flag },
      rate: { type: 'string', default: '10' },
    },
  });
  const { help, watch, inspect, cluster, demo, rate } = values;
  const folder = demo ? '.data/demo' : cluster ? '.data/cluster' : '.data';
  return {
    ...{ help, watch, inspect, cluster, ports: readPorts(env, cluster) },
    instances: readInstances(env),
    dataDir: resolve(env.DATA_DIR || join(root, folder)),
    ...(demo && { demo: readRate(rate) }),
  };
}

/** As Node does it, with what helps behind npm, which keeps for itself what does not come after `--`. */
const parse: typeof parseArgs = (config) => {
  try {
    return parseArgs(config);
  } catch (error) {
    const [what] = (error as Error).message.split('. ');
    throw new Error(`${what}. --help tells what there is; npm needs -- before it: npm start -- --help.`);
  }
};

function readInstances({ INSTANCES: text = '1' }: NodeJS.ProcessEnv): number {
  const instances = Number(text || '1');
  if (Number.isInteger(instances) && instances >= 1 && instances <= 16) return instances;
  throw new Error(`INSTANCES=${text}: must be a whole number from 1 to 16.`);
}

function readRate(text: string): number {
  const rate = Number(text);
  if (rate >= 1 && rate <= 500) return rate;
  throw new Error(`--rate ${text}: must be a number from 1 to 500.`);
}

function readPorts(env: NodeJS.ProcessEnv, clustered: boolean): Ports {
  const read = ([variable, preset]: [string, number]): number => {
    const given = env[variable] || String(preset);
    const port = Number(given);
    if (/^\d+$/.test(given) && port >= 1 && port <= 65_535) return port;
    throw new Error(`${variable}=${given}: must be a port number from 1 to 65535.`);
  };
  const { gateway, operator, users, tasks, redis } = portVariables;
  const first = read(redis);
  return {
    ...{ gateway: read(gateway), operator: read(operator) },
    ...{ users: read(users), tasks: read(tasks), redis: first },
    ...(clustered && { cluster: Array.from({ length: 6 }, (_, node) => first + node) }),
  };
}

/** A folder as one types it here. */
export function typed(folder: string): string {
  const short = relative(process.cwd(), folder);
  return `${short === '' || short.startsWith('..') ? folder : short}/`;
}
