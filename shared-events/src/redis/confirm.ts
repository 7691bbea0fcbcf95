import type { Command, Redis } from 'ioredis';
import { RedisUnavailable } from './unavailable.ts';

/** How long replicas may take to have a write, in milliseconds: less than a command may. */
const confirmTimeout = 1000;

/** How writes are confirmed. */
export interface Confirmation {
  /** How many replicas must have a write before it is answered. */
  replicas: number;
  /** Told of each confirmation of the writes of a turn: how long it took, in seconds, and whether enough have them. */
  onWait(seconds: number, isConfirmed: boolean): void;
}

/** What commands write, of those that services send. */
const writes = new Set(['evalsha', 'eval', 'set', 'del']);

/** What each command was to be answered with: one that is sent again, to another node, is confirmed there alone. */
const answers = new WeakMap<Command, Command['resolve']>();

/**
 * Has the replies of writes wait until so many replicas have what was written. One WAIT stands behind all writes of a
 * turn of the event loop, on their own connection: it speaks for what was written there before it, and for nothing else.
 * If fewer replicas say so in a second, or it fails, the writes fail with RedisUnavailable, and their outcome is unknown.
 */
export function confirmWrites(node: Redis, { replicas, onWait }: Confirmation): void {
  const send = node.sendCommand.bind(node);
  let turn: Promise<void> | undefined;

  async function confirm(): Promise<void> {
    // Set before the writes of this turn are sent, and so run before they are: WAIT goes along with them.
    await new Promise(setImmediate);
    turn = undefined;
    const start = performance.now();
    const reached = await node.wait(replicas, confirmTimeout).catch((cause: Error) => cause);
    const isConfirmed = typeof reached === 'number' && reached >= replicas;
    onWait((performance.now() - start) / 1000, isConfirmed);
    if (isConfirmed) return;
    // Not the error itself, by which ioredis might send a write again that was carried out.
    const [reason, cause] =
      typeof reached === 'number'
        ? [`${reached} of ${replicas} replicas have it`]
        : [reached.message, reached];
    throw new RedisUnavailable(`not confirmed: ${reason}`, { cause });
  }

  node.sendCommand = (command, stream) => {
    if (!writes.has(command.name)) return send(command, stream);
    turn ??= confirm();
    const confirmed = turn;
    // If all writes of the turn fail, nobody asks.
    confirmed.catch(() => undefined);
    const answer = answers.get(command) ?? command.resolve;
    answers.set(command, answer);
    command.resolve = (reply) => {
      confirmed.then(
        // It returns the command's promise, which fails if the reply comes after the command's deadline; nobody asks here.
        () => void answer(reply),
        (error: Error) => command.reject(error),
      );
      return command.promise;
    };
    return send(command, stream);
  };
}
