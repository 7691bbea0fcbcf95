import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Lease, takeLease } from '../redis/lease.ts';
import { type ConsumerGroup, consumerGroup, groupKeys, LeaseLost } from './group.ts';
import { type ConsumeEvent, createHand, type Hand, type Handler } from './keyed-queue.ts';
import { letGather, pause, tellInterruption } from './pause.ts';

interface ConsumeOptions {
  redis: Redis;
  stream: string;
  group: string;
  /** This consumer's name; no two that run at once may share one. */
  consumer: string;
  /**
   * Runs at least once per entry, for one entry of a subject at a time and in order, and never twice at once. What it
   * throws is tried again with pauses, and becomes a dead letter when that has no end; an UndecodableEntry does at once.
   */
  handle: Handler;
  /** Opens the connection for the blocking reads; it is closed when consuming ends. */
  connect(): Redis;
  signal: AbortSignal;
  log: Logger;
  /** How many subjects are worked on at once. Default 16. */
  concurrency?: number;
  /** How often an entry is tried before it becomes a dead letter. Default 5. */
  maxAttempts?: number;
  /** How long after its end, in milliseconds, a consumer that dies is replaced. Default 3000. */
  lease?: number;
  onEvent?(event: ConsumeEvent): void;
  /** Told how many new entries a read gave, where it gave some. */
  onBatch?(entries: number): void;
}

/** How many entries are read at once, and how many may be in hand. */
const batchSize = 500;
const handSize = 2 * batchSize;
/** How long a read waits for new entries, and how often entries that were put back are looked for, in milliseconds. */
export const consumeBlock = 1000;

/**
 * Works for a consumer group until the signal aborts. One consumer of a group works at a time, so that the entries of
 * a subject stay in order; the others stand by and take over when its lease ends. Errors of Redis are logged and tried
 * again for ever. Resolves when what was being handled has ended and is acknowledged; the rest stays pending.
 */
export async function consume(options: ConsumeOptions): Promise<void> {
  const { redis, stream, group: name, consumer, signal, log, lease = 3000 } = options;
  const group = consumerGroup(redis, stream, name, consumer);
  for (let failures = 0; !signal.aborted; ) {
    try {
      await ensureGroup(group, log, { stream, group: name });
      const taken = await takeLease({
        redis,
        key: groupKeys(stream, name).lease,
        holder: consumer,
        time: lease,
      });
      if (typeof taken === 'string') await delay(lease / 3, undefined, { signal });
      else await work(options, group, taken);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (error instanceof LeaseLost)
        log.warn({ stream, group: name, consumer }, 'another consumer has taken over');
      else tellInterruption(log, error, { stream, group: name, failures });
      await pause(failures, signal);
    }
  }
}

async function ensureGroup(group: ConsumerGroup, log: Logger, names: object): Promise<void> {
  const from = await group.ensure();
  if (from === '0-0') log.info(names, 'the group is made, from the beginning of the stream');
  else if (from !== undefined)
    log.error({ ...names, from }, 'the group had vanished and is made again at its checkpoint');
}

/** Works while the lease lasts: what is pending first, then what is new. */
async function work(options: ConsumeOptions, group: ConsumerGroup, lease: Lease): Promise<void> {
  const { stream, group: name, consumer, connect, handle, log, concurrency = 16, maxAttempts = 5 } = options;
  const { onEvent = () => undefined } = options;
  const signal = AbortSignal.any([options.signal, lease.lost]);
  const hand = createHand({ group, handle, concurrency, maxAttempts, signal, log, onEvent });
  const reader = connect();
  const hangUp = () => reader.disconnect();
  signal.addEventListener('abort', hangUp);
  log.info({ stream, group: name, consumer }, 'consuming');
  try {
    let takenOverAt = Number.NEGATIVE_INFINITY;
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (performance.now() - takenOverAt >= consumeBlock) {
          await takeOver(group, hand, log, onEvent);
          takenOverAt = performance.now();
        }
        await hand.downTo(handSize - batchSize);
        const entries = await group.readNew(reader, batchSize, consumeBlock);
        if (entries.length > 0) options.onBatch?.(entries.length);
        for (const entry of entries) hand.take(entry, 'first');
        if (entries.length > 0 && entries.length < batchSize) await letGather(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted || error instanceof LeaseLost) break;
        failures += 1;
        tellInterruption(log, error, { stream, group: name, failures });
        await pause(failures, signal);
        // Entries of a reply that was lost are this consumer's own: they are taken in hand before anything new.
        takenOverAt = Number.NEGATIVE_INFINITY;
        if (isGroupMissing(error)) await ensureGroup(group, log, { stream, group: name });
      }
    }
  } finally {
    hangUp();
    signal.removeEventListener('abort', hangUp);
    lease.abandon();
    await hand.idle();
    await lease.release();
  }
  if (!options.signal.aborted) throw new LeaseLost(stream);
}

const isGroupMissing = (error: unknown) =>
  error instanceof Error && /^(NOGROUP|UNBLOCKED)/.test(error.message);

/** Takes in hand what is pending: left by another consumer, put back, or read by this one in a reply that was lost. */
async function takeOver(
  group: ConsumerGroup,
  hand: Hand,
  log: Logger,
  onEvent: (event: ConsumeEvent) => void,
) {
  const { pending, gone, unread } = await group.takeOver();
  if (unread > 0) log.error({ unread }, 'entries were removed from the stream before they were read');
  if (gone.length > 0) log.error({ entries: gone }, 'pending entries were removed from the stream unhandled');
  for (const entry of await group.read(pending.filter((id) => !hand.has(id)))) {
    hand.take(entry, 'again');
    onEvent('taken_over');
  }
}
