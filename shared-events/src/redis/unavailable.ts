/**
 * Says that Redis cannot be reached, is too slow, or will not do what is asked for now. Whether the command was carried
 * out is unknown.
 */
export class RedisUnavailable extends Error {
  /** Whether Redis refuses who asks: the account, its password, or the account's right to a command or a key. */
  readonly refused: boolean;

  constructor(message: string, options: ErrorOptions & { refused?: boolean } = {}) {
    super(message, options);
    this.name = 'RedisUnavailable';
    this.refused = options.refused ?? false;
  }
}

/**
 * Resolves to those of some answers that can be had, in their order: in a cluster, one node may be away. Fails if none can,
 * and with any other error than RedisUnavailable.
 */
export async function availableOf<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(answers);
  const failures = settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason);
  const fault = failures.find((reason) => !(reason instanceof RedisUnavailable));
  if (fault !== undefined || (failures.length > 0 && failures.length === answers.length)) {
    throw fault ?? failures[0];
  }
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

/** What Redis replies to anybody if it will not do something for now. */
const refusals =
  /^(OOM|LOADING|BUSY|MISCONF|READONLY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|UNBLOCKED|ERR max number of clients|ERR The stream has exhausted the last possible ID)\b/;

/** What a script says whose keys are on their way to another node. */
const moving = /attempted to access a non local key|while the cluster is (down|in read-only)/;

/** The last two are what Redis 7.0, and later ones, say of a command in a script. */
const denials =
  /^(WRONGPASS|NOAUTH|NOPERM|ERR The \w+ executing the script can't|ERR ACL failure in script)\b/;

/** What ioredis says of a connection. */
const failures =
  /^(Command timed out|Connection is closed|Stream isn't writeable|Socket timeout|Too many Cluster redirections|Failed to refresh slots cache|None of startup nodes|Cluster is|Cluster isn't ready)/;
const codes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Returns an error of ioredis as RedisUnavailable if it says that; else the error itself. */
export function unavailableIf(error: Error): Error {
  const { name, message } = error;
  if (name === 'ReplyError') {
    const refused = denials.test(message);
    return refused || refusals.test(message) || moving.test(message)
      ? new RedisUnavailable(message, { cause: error, refused })
      : error;
  }
  const isAway =
    name === 'MaxRetriesPerRequestError' ||
    failures.test(message) ||
    ('code' in error && codes.has(String(error.code)));
  return isAway ? new RedisUnavailable(message, { cause: error }) : error;
}
