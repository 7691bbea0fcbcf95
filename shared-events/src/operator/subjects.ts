import type { Redis } from 'ioredis';
import { asEvent } from '../events/as-event.ts';
import { type RawEntry, subjectOf } from '../events/entry.ts';
import { compareIds } from '../streams/entry-id.ts';
import { pagesAfter } from '../streams/pages.ts';

/** How long is looked for one answer, in milliseconds, and how many entries are told, at most. */
const searchTimeout = 2000;
const maxTold = 500;

/**
 * The life of a subject: its entries in all streams as CloudEvents, oldest first. `complete` is false where the streams
 * could not be looked through to their ends in two seconds, or the subject has more entries than are told.
 */
export async function lifeOf(redis: Redis, streams: readonly string[], subject: string) {
  const found: { stream: string; entry: RawEntry }[] = [];
  const end = performance.now() + searchTimeout;
  let complete = true;
  for (const stream of streams) {
    if (!complete) break;
    for await (const page of pagesAfter({ redis, stream }, idTime(subject))) {
      for (const entry of page) if (subjectOf(entry) === subject) found.push({ stream, entry });
      complete = performance.now() < end && found.length <= maxTold;
      if (!complete) break;
    }
  }
  const inOrder = found.toSorted((a, b) => compareIds(a.entry[0], b.entry[0])).slice(0, maxTold);
  return { subject, complete, events: inOrder.map(({ stream, entry }) => asEvent(stream, entry)) };
}

/** How long before its first event a subject's id may have been made, by a clock that is another's, in milliseconds. */
const clockDifference = 60_000;

/** A position before the first event of a subject, whose id tells when it was made (UUIDv7); else the beginning. */
function idTime(subject: string): string {
  const [, time = '0'] = /^([0-9a-f]{8}-[0-9a-f]{4})-7/.exec(subject) ?? [];
  return `${Math.max(0, Number.parseInt(time.replace('-', ''), 16) - clockDifference)}-0`;
}
