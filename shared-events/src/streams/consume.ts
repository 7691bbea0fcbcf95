import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RawEntry } from '../events/entry.ts';
import { type Lease, takeLease } from '../redis/lease.ts';
import type { Store } from '../redis/store.ts';
import { unlessAborted } from '../redis/unless-aborted.ts';
import { type ConsumerGroup, consumerGroup, groupKeys, LeaseLost } from './group.ts';
import { gatherTime, keepTrying, letGather, pause } from './pause.ts';
import type { Handler } from './reaction.ts';
import { type ConsumeEvent, isLetGo } from './settle.ts';
import { type Unsettled, unsettledEntries } from './unsettled.ts';

interface ConsumeOptions {
  redis: Store;
  stream: string;
  group: string;
  /** This consumer's name; no two that run at once may share one. */
  consumer: string;
  /**
   * Runs at least once per entry, for one entry of a subject at a time and in order, and never twice at once. If it
   * fails it is tried again with pauses, and the entry becomes a dead letter when that has no end; at once if it fails
   * with an UndecodableEntry.
   */
  handle: Handler;
  /** Whether an entry is handled; one that is not is acknowledged as it comes. All are when left out. */
  concerns?(entry: RawEntry): boolean;
  /** Opens a connection for the blocking reads; it is closed when one of them fails, or when consuming ends. */
  connect(): Redis;
  signal: AbortSignal;
  log: Logger;
  /** In how many partitions the process consumes like this. Default 1. */
  partitions?: number;
  /** How many subjects are worked on at once. Default 16. */
  concurrency?: number;
  /** How often an entry is tried before it becomes a dead letter. Default 5. */
  maxAttempts?: number;
  /** How long after its end, in milliseconds, a consumer that dies is replaced. Default 3000. */
  lease?: number;
  /** Told what happened to an entry, or to so many. */
  onEvent?(event: ConsumeEvent, entries?: number): void;
  /** Told when this consumer begins to work for the group, and when it has made the group at the stream's beginning. */
  onBegin?(what: 'consuming' | 'made'): void;
  /** Told how many new entries a read gave, if it gave some. */
  onBatch?(entries: number): void;
}

/** How many entries are read at once, and how many may be unsettled. */
const batchSize = 500;
const maxUnsettled = 2 * batchSize;
/** How long entries may gather after a read that found few, in milliseconds: nobody waits for what they call for. */
const gatherPause = 50;
/** How long a read waits for new entries, and how often entries that were put back are looked for, in milliseconds. */
export const consumeBlock = 1000;

/**
 * Works for a consumer group until the signal aborts. One consumer of a group works at a time, so that the entries of
 * a subject stay in order; the others stand by and take over when its lease ends. Errors of Redis are logged and tried
 * again for ever. Resolves when what was being handled has ended and is acknowledged; the rest stays pending.
 */
export async function consume(options: ConsumeOptions): Promise<void> {
  const { redis, stream, group: name, consumer, signal, log, lease: time = 3000 } = options;
  const group = consumerGroup(redis, stream, name, consumer);
  const standIn = async () => {
    const lease = await takeLease({ redis, key: groupKeys(stream, name).lease, holder: consumer, time });
    if (typeof lease === 'string') await delay(time / 3, undefined, { signal });
    else await work(options, group, lease);
  };
  try {
    while (!signal.aborted) await keepTrying(standIn, { signal, log, names: { stream, group: name } });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Works while the lease lasts. Resolves when it has ended, or the signal aborts. */
async function work(options: ConsumeOptions, group: ConsumerGroup, lease: Lease): Promise<void> {
  const { stream, group: name, consumer, log } = options;
  const signal = AbortSignal.any([options.signal, lease.lost]);
  const { handle, concerns = () => true, onEvent = () => undefined } = options;
  const { concurrency = 16, maxAttempts = 5, onBegin } = options;
  const fence = { key: groupKeys(stream, name).lease, holder: consumer };
  const unsettled = unsettledEntries({
    ...{ handle, concerns, onEvent, concurrency, maxAttempts, signal, log },
    ...{ group, isHeld: lease.isHeld, fence },
  });
  log.debug({ stream, group: name, consumer }, 'consuming');
  onBegin?.('consuming');
  let reason = '';
  try {
    await keepTrying((worked) => readOn({ options, group, unsettled, signal, worked }), {
      signal,
      log,
      names: { stream, group: name },
      isFinal: (error) => error instanceof LeaseLost,
    });
  } catch (error) {
    if (!isLetGo(error, signal)) throw error;
    reason = ((lease.lost.aborted ? lease.lost.reason : error) as Error).message;
  } finally {
    lease.abandon();
    await unsettled.queue.downTo(0);
    await lease.release();
  }
  if (options.signal.aborted) return;
  log.warn({ stream, group: name, consumer, reason }, 'the lease is lost');
  await pause(1, options.signal);
}

interface Reading {
  options: ConsumeOptions;
  group: ConsumerGroup;
  unsettled: Unsettled;
  signal: AbortSignal;
  worked(): void;
}

/**
 * Reads until it fails: what is pending first, then what is new. After a failure it is begun again, so that the entries
 * of a reply that was lost, which are this consumer's own, are taken in before anything new.
 */
async function readOn(reading: Reading): Promise<never> {
  const { options, group, signal } = reading;
  await ensureGroup(group, options);
  const reader = options.connect();
  const hangUp = () => reader.disconnect();
  signal.addEventListener('abort', hangUp);
  try {
    return await readWith(reader, reading);
  } finally {
    signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

async function readWith(reader: Redis, reading: Reading): Promise<never> {
  const { options, group, unsettled, signal, worked } = reading;
  const pauseForMore = gatherTime(gatherPause, options.partitions ?? 1);
  let unread = 0;
  for (let takenOverAt = Number.NEGATIVE_INFINITY; ; ) {
    signal.throwIfAborted();
    if (performance.now() - takenOverAt >= consumeBlock) {
      const missing = await takeOver(reading);
      if (missing > 0 && missing !== unread) {
        options.log.error({ unread: missing }, 'entries were removed from the stream before they were read');
      }
      unread = missing;
      takenOverAt = performance.now();
    }
    await unsettled.queue.downTo(maxUnsettled - batchSize, signal);
    const entries = await unlessAborted(signal, group.readNew(reader, batchSize, consumeBlock));
    if (entries.length > 0) options.onBatch?.(entries.length);
    await unsettled.add(entries, true);
    if (entries.length > 0 && entries.length < batchSize) await letGather(pauseForMore, signal);
    worked();
  }
}

async function ensureGroup(
  group: ConsumerGroup,
  { stream, group: name, log, onBegin }: ConsumeOptions,
): Promise<void> {
  const names = { stream, group: name };
  const from = await group.ensure();
  if (from === '0-0') {
    log.debug(names, 'the group is made, from the beginning of the stream');
    onBegin?.('made');
  } else if (from !== undefined)
    log.error({ ...names, from }, 'the group had vanished and is made again at its checkpoint');
}

/**
 * Takes in what is pending: left by another consumer, put back, or read by this one in a reply that was lost. Resolves to
 * how many entries were removed before they were read.
 */
async function takeOver({ group, unsettled, options }: Reading): Promise<number> {
  const { log, onEvent } = options;
  const { pending, gone, unread } = await group.takeOver();
  if (gone.length > 0) log.error({ entries: gone }, 'pending entries were removed from the stream unhandled');
  const entries = await group.read(pending.filter((id) => !unsettled.has(id)));
  if (entries.length > 0) onEvent?.('taken_over', entries.length);
  await unsettled.add(entries, false);
  return unread;
}
