import { asEvent } from '../events/as-event.ts';
import { field, type RawEntry, subjectOf } from '../events/entry.ts';
import type { Positions, StreamEntry } from '../streams/entries.ts';
import { encodeCursor } from './cursor.ts';

// Server-Sent Events: what a feed sends, as text.

/** An entry of a stream, ready to be sent to any number of clients. */
export interface Frame {
  type: string;
  subject: string;
  text: string;
}

const block = (lines: string[]): string => `${lines.join('\n')}\n\n`;
const oneLine = (text: string): string => text.replace(/[\r\n\0]/g, ' ');

/** Makes frames of entries that follow a position, each with the cursor behind it. */
export function framesAfter(start: Positions, entries: readonly StreamEntry[]): Frame[] {
  const ids = new Map(start);
  return entries.map(({ stream, entry }) =>
    entryFrame(stream, entry, encodeCursor(ids.set(stream, entry[0]))),
  );
}

/** Makes an entry the CloudEvent it is. What is none is sent as it stands, as an event `undecodable`. */
function entryFrame(stream: string, entry: RawEntry, cursor: string): Frame {
  const event = asEvent(stream, entry);
  const type = 'specversion' in event ? oneLine(field(entry, 'type') ?? '') : 'undecodable';
  const text = block([`id: ${cursor}`, `event: ${type}`, `data: ${JSON.stringify(event)}`]);
  return { type, subject: subjectOf(entry), text };
}

/** Says that entries were removed before this client could be sent them, or that its position lies beyond the end. */
export const gapFrame = (gap: object, cursor: string): string =>
  block([`id: ${cursor}`, 'event: gap', `data: ${JSON.stringify(gap)}`]);

/** Tells a client first how long to wait before it comes back, in milliseconds, and where it stands. */
export const helloFrame = (delay: number, cursor: string): string =>
  block([`retry: ${delay}`, `id: ${cursor}`]);

/** Keeps the connection known to be alive, and moves the position also if a filter lets nothing through. */
export const heartbeatFrame = (cursor: string): string => block([': heartbeat', `id: ${cursor}`]);
