import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { type RawEntry, subjectOf, UndecodableEntry } from '../events/entry.ts';
import { isRedisAway } from '../redis/connection.ts';
import { type ConsumerGroup, LeaseLost } from './group.ts';
import { pause, tellInterruption } from './pause.ts';

/** What happened to entries, for whoever counts. */
export type ConsumeEvent = 'handled' | 'retried' | 'dead_lettered' | 'taken_over';

/** What the handling of an entry is given beside the entry. */
export interface Handling {
  /** Asks it to end early, because the process stops or another consumer takes over; the entry is tried again then. */
  signal: AbortSignal;
  /**
   * Says that the handling has got on: tries that ended before this are forgotten, so that a long work that is
   * interrupted again and again never becomes a dead letter. Fails where another consumer has taken over.
   */
  progress(): Promise<void>;
}

/** Does what an entry calls for, and resolves when it is done. What it throws decides how it goes on. */
export type Handler = (entry: RawEntry, handling: Handling) => Promise<void>;

interface HandOptions {
  group: ConsumerGroup;
  handle: Handler;
  /** How many entries are handled at once, each of another subject. */
  concurrency: number;
  /** How often an entry is tried before it becomes a dead letter. */
  maxAttempts: number;
  signal: AbortSignal;
  log: Logger;
  onEvent(event: ConsumeEvent): void;
}

/** What a consumer has in hand: entries it was given and has not settled. */
export interface Hand {
  has(id: string): boolean;
  /** Takes an entry in hand, once. Entries of one subject are handled in the order they are taken. */
  take(entry: RawEntry, delivery: 'first' | 'again'): void;
  /** Resolves when at most so many entries are in hand, or the signal aborts. */
  downTo(size: number): Promise<void>;
  /** Resolves when nothing is under way any more; after an abort that leaves entries unsettled. */
  idle(): Promise<void>;
}

/** An entry in hand, and whether it comes for the first time. */
interface Taken {
  entry: RawEntry;
  delivery: 'first' | 'again';
}

/** Most ids in one acknowledgement. */
const ackBatch = 1000;

/** Takes entries in hand for a group: each is handled, tried again, and in the end acknowledged or given up. */
export function createHand(options: HandOptions): Hand {
  const { group, handle, concurrency, maxAttempts, signal, log, onEvent } = options;
  const ids = new Set<string>();
  /** The subjects that are worked on, each with the entries that wait behind the one in work. */
  const subjects = new Map<string, Taken[]>();
  const limit = pLimit(concurrency);
  const handled: string[] = [];
  let acknowledging: Promise<void> | undefined;
  let changed = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => changed.resolve(), { once: true });

  /** Resolves when something was let go, a subject is done, or the signal aborts. */
  async function change(): Promise<void> {
    await changed.promise;
    changed = Promise.withResolvers();
  }

  function letGo(id: string): void {
    ids.delete(id);
    changed.resolve();
  }

  /** Tries a step in Redis until it is there again. A lost lease ends it: the entry is somebody else's then. */
  async function insist<T>(step: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await step();
      } catch (error) {
        if (!isRedisAway(error) || signal.aborted) throw error;
        tellInterruption(log, error, { failures });
        await pause(failures, signal);
      }
    }
  }

  async function acknowledge(): Promise<void> {
    await new Promise(setImmediate);
    while (handled.length > 0) {
      const batch = handled.splice(0, ackBatch);
      try {
        await insist(() => group.ack(batch));
        for (const _ of batch) onEvent('handled');
      } catch (error) {
        if (!(error instanceof LeaseLost))
          log.warn({ err: error }, 'handled entries could not be acknowledged');
      }
      for (const id of batch) letGo(id);
    }
    acknowledging = undefined;
  }

  async function park(id: string, code: string, error: unknown, attempts: number): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    await insist(() => group.park(id, { code, reason, attempts }));
    log.error({ entry: id, code, reason, attempts }, 'an entry is a dead letter now');
    onEvent('dead_lettered');
    letGo(id);
  }

  /** Handles one entry: tries it again with pauses while it fails, parks it when that has no end. */
  async function settle(entry: RawEntry, delivery: 'first' | 'again'): Promise<void> {
    const [id] = entry;
    let failure: unknown = 'it was begun again and again, and never ended';
    let attempts = delivery === 'first' ? 1 : await insist(() => group.begin(id));
    while (!signal.aborted) {
      if (attempts === undefined) return letGo(id);
      if (attempts > maxAttempts) return park(id, 'attempts_exhausted', failure, attempts - 1);
      try {
        await limit(() => handle(entry, { signal, progress: () => group.progress(id) }));
        handled.push(id);
        acknowledging ??= acknowledge();
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof UndecodableEntry) return park(id, error.code, error, attempts);
        failure = error;
        if (attempts >= maxAttempts) return park(id, 'attempts_exhausted', error, attempts);
        log.warn({ err: error, entry: id, attempts }, 'an entry failed and is tried again');
        onEvent('retried');
        await pause(attempts, signal);
      }
      if (!signal.aborted) attempts = await insist(() => group.begin(id));
    }
  }

  /** Settles a subject's entries one after the other, until none is left. */
  async function workOn(subject: string, first: Taken): Promise<void> {
    const behind: Taken[] = [];
    subjects.set(subject, behind);
    for (let taken: Taken | undefined = first; taken; taken = behind.shift()) {
      const { entry, delivery } = taken;
      try {
        await settle(entry, delivery);
      } catch (error) {
        if (!(error instanceof LeaseLost) && !signal.aborted)
          log.error({ err: error, entry: entry[0] }, 'an entry is let go');
        letGo(entry[0]);
      }
    }
    subjects.delete(subject);
    changed.resolve();
  }

  return {
    has: (id) => ids.has(id),
    take(entry, delivery) {
      const [id] = entry;
      if (ids.has(id)) return;
      ids.add(id);
      const subject = subjectOf(entry);
      const behind = subjects.get(subject);
      if (behind) behind.push({ entry, delivery });
      else workOn(subject, { entry, delivery });
    },
    async downTo(size) {
      while (ids.size > size && !signal.aborted) await change();
    },
    async idle() {
      while (subjects.size > 0) await change();
      await acknowledging;
    },
  };
}
