import { Cluster, type Redis } from 'ioredis';
import type { Logger } from 'pino';
import { nodesIn } from '../config.ts';
import { confirmWrites } from './confirm.ts';
import {
  backoff,
  type CommandObserver,
  type ConnectionOptions,
  gatherWrites,
  grace,
  observed,
  speaking,
  tellAbsence,
} from './settings.ts';
import { RedisUnavailable } from './unavailable.ts';

/** How long a connection to a node may take to be made, in milliseconds. */
const connectTimeout = 1000;
/** How often the nodes are asked who has what, in milliseconds. It is asked as well when a node says it has moved. */
const refreshInterval = 5000;
/** How long a closed connection is left to connect again by itself, in milliseconds: longer than `backoff` has it wait. */
const stuckTimeout = 2000;

/**
 * The connections to the masters of a Redis Cluster. A command goes to the node that has its keys, and elsewhere only when
 * a node answers that it has not carried it out: a command whose outcome is unknown is never sent twice.
 */
export class ClusterConnection extends Cluster {
  readonly #observe: CommandObserver | undefined;
  readonly #commandTimeout: number;
  #isOver = false;

  constructor({ config, log, observe, confirmation }: ConnectionOptions, commandTimeout: number) {
    super(nodesIn(config.REDIS_CLUSTER ?? '') ?? [], {
      clusterRetryStrategy: backoff,
      // A connection that broke tells nothing of its commands.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 100,
      retryDelayOnTryAgain: 100,
      // Fewer than there is time for.
      maxRedirections: 8,
      slotsRefreshInterval: refreshInterval,
      slotsRefreshTimeout: connectTimeout,
      scaleReads: 'master',
      // Nodes come and go, and what is sent meanwhile waits for them, as long as a command may.
      enableOfflineQueue: true,
      redisOptions: {
        ...speaking(config),
        connectTimeout,
        commandTimeout,
        socketTimeout: commandTimeout + grace,
      },
      // A certificate names hosts, and not what they resolve to.
      ...(config.REDIS_TLS && { dnsLookup: (host, done) => done(null, host) }),
    });
    this.#observe = observe;
    this.#commandTimeout = commandTimeout;
    const tell = absences(log);
    this.on('ready', () => {
      tell.forget('all nodes');
      log.info('redis is connected');
    });
    this.on('error', (error) => tell(error, 'all nodes'));
    this.on('node error', tell);
    // ioredis connects again by itself, but not if the last node goes while the names of the nodes are looked up. It says
    // that it is closed also while it waits to do so.
    let tries = 0;
    this.on('connecting', () => {
      tries += 1;
    });
    this.on('close', () => {
      if (this.#isOver) return;
      const before = tries;
      setTimeout(() => {
        if (tries === before && !this.#isOver) this.connect().catch(() => undefined);
      }, stuckTimeout);
    });
    this.on('+node', (node: Redis) => {
      prepare(node, () => tell.forget(keyOf(node)));
      if (confirmation) confirmWrites(node, confirmation);
    });
  }

  override disconnect(reconnect = false): void {
    this.#isOver ||= !reconnect;
    super.disconnect(reconnect);
  }

  /** ioredis asks again and again who has what, also after it was disconnected if it was asking just then. */
  override refreshSlotsCache(callback?: (error?: Error | null) => void): void {
    super.refreshSlotsCache((error) => {
      if (!this.#isOver) callback?.(error);
    });
  }

  override sendCommand(...args: Parameters<Cluster['sendCommand']>): Promise<unknown> {
    const [command] = args;
    // How the cluster is asked for its state when it is not ready.
    if (this.status !== 'ready' && command.name !== 'cluster') {
      // Through the command: whoever gave a callback is told as well.
      command.reject(new RedisUnavailable('the cluster is not connected'));
      return command.promise;
    }
    const end = this.#observe?.(command);
    // From now on, wherever it waits.
    command.setTimeout(this.#commandTimeout);
    const reply = observed(super.sendCommand(...args) as Promise<unknown>, end);
    // What ioredis asks by itself, or by callback, or sends again when nodes are there, it does not look at here.
    reply.catch(() => undefined);
    return reply;
  }
}

const keyOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;

/** Makes a connection to a node, which ioredis opens by itself, as all others are. */
function prepare(node: Redis, onReady: () => void): void {
  const send = node.sendCommand.bind(node);
  node.sendCommand = (command, stream) => {
    gatherWrites(node);
    return send(command, stream);
  };
  // ioredis does not look at what becomes of it; the command behind it fails as well.
  const asking = node.asking.bind(node);
  node.asking = () => asking().catch(() => 'OK' as const);
  node.once('ready', onReady);
  // The first request of a master need not wait for a connection. That it fails is told by the node itself.
  if (!node.options.readOnly) node.connect().catch(() => undefined);
}

/** Returns what tells of each node that it is away, once until it is there again. */
function absences(log: Logger) {
  const told = new Set<string>();
  const tell = (error: Error, node: string) => {
    if (told.has(node)) return;
    told.add(node);
    tellAbsence(log, error, node);
  };
  return Object.assign(tell, { forget: (node: string) => told.delete(node) });
}
