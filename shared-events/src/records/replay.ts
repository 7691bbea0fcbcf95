import { type Entry, type RawEntry, subjectOf, UndecodableEntry } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { Layout, Partition } from '../events/layout.ts';
import type { ListKeys } from '../redis/partition-keys.ts';
import type { Store } from '../redis/store.ts';
import { type Evidence, evidenceArgs, evidenceOf } from '../streams/evidence.ts';
import { Disturbed, undisturbed } from '../streams/maintenance.ts';
import { lastEntry, pagesAfter, pagesBefore } from '../streams/pages.ts';
import { type ReplayMode, type ReplayTarget, unreadable } from '../streams/replay-target.ts';
import type { Copy } from './copy.ts';

/** What a subject comes to: its last event with its data in today's shape, or nothing if no event accounts for it. */
export interface Final<Document = unknown> {
  subject: string;
  last?: LastEvent<Document>;
  /** Whose index the subject stands in, if no event tells. */
  owner?: string;
  /** Whether the subject has an event after the last one. */
  hasMoved?: boolean;
}

interface LastEvent<Document = unknown> {
  entry: Entry;
  data: Document;
}

/** Returns whether nothing may be left of the subject. */
const isGone = ({ last }: Final): boolean => last === undefined || last.entry.type.endsWith('.deleted');

/** Records, and whatever is kept with them, as what the events of a stream come to. */
export interface RecordSet<Document = unknown> {
  name: string;
  /** what differences call one of them */
  noun: string;
  stream: EventStream<string, Document>;
  /** what the keys of its Idempotency-Keys' markers begin with */
  markers: string;
  /**
   * Opens those of one partition of the data as it is laid out.
   * @param listKeys lists what keys there are
   */
  open(redis: Store, partition: Partition, layout: Layout, listKeys: ListKeys): RecordPartition<Document>;
}

export interface RecordPartition<Document> {
  /**
   * Compares what is kept of a subject with what its last event says, and in mode `replay` puts it right, in one step.
   * If the subject has moved, the write that made that event has put its record right, and whatever is kept beside it is
   * compared with that record. Answers `behind` if too many entries follow `asOf` to see whether the subject is among them,
   * and `foreign` if `asOf` is not in the stream any more.
   */
  step(final: Final<Document>, asOf: Evidence, mode: ReplayMode): Promise<StepOutcome>;
  /** Yields everything that is kept of subjects that are not among the living. */
  orphans(isLiving: (subject: string) => boolean): AsyncIterable<Final<Document>>;
  /** Appends entries of another layout, with the ids they have, and does what their events do, all in one step. */
  append(copies: readonly Copy<Document>[]): Promise<void>;
}

export type StepOutcome = 'same' | 'different' | 'behind' | 'foreign';

/** What a step that compares or replays begins with: pass it to `script` after `evidenceLua`, before the step's own file. */
export const replayLua = new URL('lua/replay.lua', import.meta.url);

/**
 * Returns the arguments that replay.lua asks for. `types` are those of the events that are applied: one that puts a
 * record there, whatever was there, and one that takes it away.
 */
export function replayArgs(
  final: Final,
  asOf: Evidence,
  mode: ReplayMode,
  types: { updated: string; deleted: string },
): string[] {
  const { subject, last, hasMoved } = final;
  const before = [...evidenceArgs(asOf), mode, subject, hasMoved ? 'moved' : ''];
  if (last === undefined || isGone(final)) return [...before, types.deleted, '', '', ''];
  const { id, schema, data } = last.entry;
  return [...before, types.updated, id, String(schema), data];
}

/** How many subjects are looked at together. */
const batchSize = 200;

/** Returns what a replay does with the records of one partition: it compares each with its last event, and puts it right. */
export function recordsReplay(
  redis: Store,
  { noun, stream, open }: RecordSet,
  partition: Partition,
  layout: Layout,
  listKeys: ListKeys,
): ReplayTarget {
  const range: PartitionStream = { redis, stream, key: stream.key(partition) };
  const kept = open(redis, partition, layout, listKeys);
  return {
    stream: range.key,
    async replay(mode, signal, { onRead, onDifference, onUnreadable }) {
      const different = new Set<string>();
      const unread = new Set<string>();
      await undisturbed({ redis, stream: range.key }, () =>
        replayRecords({
          range,
          kept,
          mode,
          signal,
          onRead,
          onDifference: ({ subject }) => different.add(subject),
          onUnreadable: (what) => unread.add(what),
        }),
      );
      for (const subject of different) onDifference(`${noun} ${subject} is not what its events say`);
      for (const what of unread) onUnreadable(what);
    },
    async stateAt(until, onRead) {
      const state: Entry[] = [];
      for await (const finals of finalsUntil(range, until, onRead, () => undefined)) {
        for (const final of finals) if (final.last && !isGone(final)) state.push(final.last.entry);
      }
      return state.sort((a, b) => (a.subject < b.subject ? -1 : 1)).map(({ data }) => data);
    },
  };
}

interface PartitionStream {
  redis: Store;
  stream: EventStream<string, unknown>;
  /** the stream's partition */
  key: string;
}

interface ReplayOptions {
  range: PartitionStream;
  kept: RecordPartition<unknown>;
  mode: ReplayMode;
  signal: AbortSignal;
  onRead(entries: number): void;
  onDifference(final: Final): void;
  onUnreadable(what: string): void;
}

/**
 * Puts right, or compares, every record of a partition while reads and writes go on. The stream is read backwards:
 * the first event met of a subject is its last. The record of a subject that changes meanwhile is left to the write that
 * changes it.
 */
async function replayRecords(options: ReplayOptions): Promise<void> {
  const { range, kept, mode, signal, onRead, onDifference, onUnreadable } = options;
  const pageRange = { redis: range.redis, stream: range.key };
  const start = evidenceOf(await lastEntry(pageRange));
  const moved = new Set<string>();
  const living = new Set<string>();
  let asOf = start;

  /** Takes note of what was written since. */
  async function catchUp(): Promise<void> {
    for await (const page of pagesAfter(pageRange, asOf.id)) {
      for (const entry of page) moved.add(subjectOf(entry));
      asOf = evidenceOf(page.at(-1));
    }
  }

  async function settle(finals: Final[]): Promise<void> {
    for (let left = finals; left.length > 0; ) {
      signal.throwIfAborted();
      await catchUp();
      const now = left.map((final) => ({ ...final, hasMoved: moved.has(final.subject) }));
      const outcomes = await Promise.all(now.map((final) => kept.step(final, asOf, mode)));
      if (outcomes.includes('foreign')) throw new Disturbed(`${range.key} is not what was read any more`);
      for (const final of now.filter((_, at) => outcomes[at] === 'different')) onDifference(final);
      left = now.filter((_, at) => outcomes[at] === 'behind');
    }
  }

  /** A subject whose newest entry cannot be understood is left as it is. */
  function leave(error: UndecodableEntry, subject: string): void {
    living.add(subject);
    onUnreadable(unreadable(error, subject));
  }

  for await (const finals of finalsUntil(range, start.id, onRead, leave)) {
    for (const final of finals) if (!isGone(final)) living.add(final.subject);
    for (const batch of batches(finals)) await settle(batch);
  }
  await catchUp();
  const orphans: Final[] = [];
  for await (const orphan of kept.orphans((subject) => living.has(subject))) {
    orphans.push(orphan);
    if (orphans.length === batchSize) await settle(orphans.splice(0));
  }
  await settle(orphans);
}

/**
 * Yields each subject once, with its last event until an id. Tells of those whose newest entry cannot be understood, and
 * passes them by.
 */
async function* finalsUntil(
  { redis, stream, key }: PartitionStream,
  until: string,
  onRead: (entries: number) => void,
  onUnreadable: (error: UndecodableEntry, subject: string) => void,
): AsyncGenerator<Final[]> {
  const seen = new Set<string>();
  for await (const page of pagesBefore({ redis, stream: key }, until)) {
    const finals: Final[] = [];
    for (const raw of page) {
      const subject = subjectOf(raw);
      if (seen.has(subject)) continue;
      if (subject !== '') seen.add(subject);
      const last = eventIn(stream, raw);
      if (last instanceof UndecodableEntry) onUnreadable(last, subject);
      else finals.push({ subject, last });
    }
    onRead(page.length);
    yield finals;
  }
}

function eventIn(stream: EventStream<string, unknown>, raw: RawEntry): LastEvent | UndecodableEntry {
  try {
    const entry = stream.envelope(raw);
    return { entry, data: stream.dataOf(entry) };
  } catch (error) {
    if (error instanceof UndecodableEntry) return error;
    throw error;
  }
}

function* batches<T>(list: T[]): Generator<T[]> {
  for (let from = 0; from < list.length; from += batchSize) yield list.slice(from, from + batchSize);
}
