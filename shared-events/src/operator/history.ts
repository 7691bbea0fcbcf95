import { asEvent } from '../events/as-event.ts';
import type { Store } from '../redis/store.ts';
import { availableOf } from '../redis/unavailable.ts';
import { behind, byId, readSubject, type StreamEntry } from '../streams/entries.ts';
import { encodeCursor } from './cursor.ts';

/**
 * Resolves to the last events of all streams that can be read, oldest first, the cursor behind them, and whether all could be
 * read. Fails if none can.
 * @param until the greatest id there may be among them
 */
export async function recentEvents(redis: Store, streams: readonly string[], count: number, until = '+') {
  const pages = await availableOf(
    streams.map(async (stream) =>
      (await redis.xrevrange(stream, until, '-', 'COUNT', count)).map((entry) => ({ stream, entry })),
    ),
  );
  const entries = pages.flat().toSorted(byId);
  const beginnings = new Map(streams.map((stream) => [stream, '0-0']));
  return {
    cursor: encodeCursor(behind(beginnings, entries)),
    complete: pages.length === streams.length,
    events: entries.slice(-count).map(toEvent),
  };
}

/** Resolves to the entries with an id, as CloudEvents: one at most of each stream. */
export async function eventsWithId(redis: Store, streams: readonly string[], id: string) {
  const pages = await Promise.all(
    streams.map(async (stream) => (await redis.xrange(stream, id, id)).map((entry) => ({ stream, entry }))),
  );
  return { events: pages.flat().map(toEvent) };
}

const toEvent = ({ stream, entry }: StreamEntry) => asEvent(stream, entry);

/** How long is looked for one answer, in milliseconds, and how many entries are told, at most. */
const searchTimeout = 2000;
const maxTold = 500;

/**
 * Resolves to the life of a subject: its entries in all streams as CloudEvents, oldest first. `complete` is false if the streams
 * could not be looked through to their ends in two seconds, or the subject has more entries than are told.
 */
export async function lifeOf(redis: Store, streams: readonly string[], subject: string) {
  const found: StreamEntry[] = [];
  const end = performance.now() + searchTimeout;
  let complete = true;
  for await (const entries of readSubject(redis, streams, subject, idTime(subject))) {
    found.push(...entries);
    complete = performance.now() < end && found.length <= maxTold;
    if (!complete) break;
  }
  return { subject, complete, events: found.toSorted(byId).slice(0, maxTold).map(toEvent) };
}

/** How long before its first event a subject's id may have been made, by a clock that is another's, in milliseconds. */
const maxClockDifference = 60_000;

/** Returns a position before a subject's first event, whose id tells when it was made (UUIDv7); else the beginning. */
function idTime(subject: string): string {
  const [, time = '0'] = /^([0-9a-f]{8}-[0-9a-f]{4})-7/.exec(subject) ?? [];
  return `${Math.max(0, Number.parseInt(time.replace('-', ''), 16) - maxClockDifference)}-0`;
}
