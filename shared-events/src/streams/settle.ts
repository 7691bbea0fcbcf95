import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { type RawEntry, UndecodableEntry } from '../events/entry.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import { type ConsumerGroup, LeaseLost } from './group.ts';
import { keepTrying, pause } from './pause.ts';
import type { Handler, Handling } from './reaction.ts';

// How an entry is settled: a handler is wrapped in what tries it again, what gives it up, and what acknowledges it.

/** What happened to entries, for whoever counts. */
export type ConsumeEvent = 'handled' | 'retried' | 'dead_lettered' | 'taken_over';

export interface SettleOptions {
  group: ConsumerGroup;
  /** Returns whether this consumer may work, by its own clock; see `Lease`. */
  isHeld(): boolean;
  fence: Handling['fence'];
  /** How many entries are handled at once. */
  concurrency: number;
  /** How often an entry is tried before it becomes a dead letter. */
  maxAttempts: number;
  signal: AbortSignal;
  log: Logger;
  onEvent(event: ConsumeEvent, entries?: number): void;
}

/** An entry, and whether it comes for the first time. */
export interface Delivery {
  entry: RawEntry;
  isFirst: boolean;
}

/** Resolves to whether the entry was handled; else nothing is left to do. */
type Handle = (delivery: Delivery) => Promise<boolean>;

interface Settling {
  /** Settles an entry, or fails: then it stays pending. Fails with LeaseLost if it is another consumer's now. */
  settle(delivery: Delivery): Promise<void>;
  /** Acknowledges entries that call for nothing. Fails as `settle` does. */
  passBy(ids: string[]): Promise<void>;
}

/** Returns what handles an entry, tries it again, and in the end acknowledges it or makes it a dead letter. */
export function settling(handler: Handler, options: SettleOptions): Settling {
  const handle = givingUp(retrying(handler, options), options);
  const acknowledge = acknowledging(options);
  return {
    async settle(delivery) {
      if (await handle(delivery)) await acknowledge([delivery.entry[0]]);
    },
    passBy: acknowledge,
  };
}

/** Says that an entry is not tried any more. */
class GivenUp extends Error {
  readonly code: string;
  readonly attempts: number;

  constructor(code: string, attempts: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.code = code;
    this.attempts = attempts;
  }
}

/**
 * Tries an entry again, with pauses, while it fails. Fails with GivenUp if that has no end, or can have none. What fails
 * because Redis is away, or lacks its replicas, is no fault of the entry: that is not counted, however long it takes.
 */
function retrying(handler: Handler, options: SettleOptions): Handle {
  const { group, isHeld, fence, concurrency, maxAttempts, signal, log, onEvent } = options;
  const limit = pLimit(concurrency);
  const checkLease = () => {
    if (!isHeld()) throw new LeaseLost('the lease has ended');
  };
  const handle = async (entry: RawEntry) => {
    checkLease();
    await handler(entry, { signal, progress: () => group.progress(entry[0]), fence });
  };
  // A try counts from here on: whoever may not make it must not count it.
  const begin = (id: string) => {
    checkLease();
    return insist(() => group.begin(id), { signal, log });
  };

  return async ({ entry, isFirst }) => {
    const [id] = entry;
    let failure: unknown = 'the process died while handling it';
    let attempts = isFirst ? 1 : await begin(id);
    while (attempts !== undefined) {
      if (attempts > maxAttempts) throw new GivenUp('attempts_exhausted', attempts - 1, failure);
      try {
        await insist(() => limit(() => handle(entry)), { signal, log });
        return true;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof LeaseLost) throw error;
        if (error instanceof UndecodableEntry) throw new GivenUp(error.code, attempts, error);
        if (attempts >= maxAttempts) throw new GivenUp('attempts_exhausted', attempts, error);
        failure = error;
        log.warn({ err: error, entry: id, attempts }, 'an entry failed and is tried again');
        onEvent('retried');
        await pause(attempts, signal);
        signal.throwIfAborted();
      }
      attempts = await begin(id);
    }
    log.error({ entry: id }, 'an entry was removed from the stream before it was handled');
    return false;
  };
}

/** Parks an entry that is given up among the group's dead letters, with the reason. */
function givingUp(handle: Handle, { group, signal, log, onEvent }: SettleOptions): Handle {
  return async (delivery) => {
    try {
      return await handle(delivery);
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error;
      const [id] = delivery.entry;
      const { code, message: reason, attempts } = error;
      await insist(() => group.park(id, { code, reason, attempts }), { signal, log });
      log.error({ entry: id, code, reason, attempts }, 'an entry is a dead letter now');
      onEvent('dead_lettered');
      return false;
    }
  };
}

/** Most ids in one acknowledgement. */
const maxAcknowledged = 1000;

/** Returns what acknowledges entries, together those of one turn of the event loop. */
function acknowledging({ group, signal, log, onEvent }: SettleOptions): (ids: string[]) => Promise<void> {
  let waiting: string[] = [];
  let next: Promise<void> | undefined;

  async function acknowledge(): Promise<void> {
    await new Promise(setImmediate);
    const ids = waiting;
    waiting = [];
    next = undefined;
    for (let from = 0; from < ids.length; from += maxAcknowledged) {
      await insist(() => group.ack(ids.slice(from, from + maxAcknowledged)), { signal, log });
    }
  }

  return async (ids) => {
    waiting.push(...ids);
    next ??= acknowledge();
    await next;
    onEvent('handled', ids.length);
  };
}

/** Runs a step in Redis until Redis is there for it. */
const insist = <T>(step: () => Promise<T>, options: { signal: AbortSignal; log: Logger }): Promise<T> =>
  keepTrying(step, { ...options, isFinal: (error) => !(error instanceof RedisUnavailable) });

/** Returns whether an entry is not settled here for a reason that is no fault: another consumer has it, or will. */
export const isLetGo = (error: unknown, signal: AbortSignal): boolean =>
  error instanceof LeaseLost || signal.aborted;
