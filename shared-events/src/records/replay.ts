import type { Redis } from 'ioredis';
import { type Entry, type RawEntry, readEntry, subjectOf, UndecodableEntry } from '../events/entry.ts';
import { endOf, pagesAfter, pagesBefore } from '../streams/pages.ts';

/** What a subject comes to: its last event, or nothing where no event accounts for it. */
export interface Final {
  subject: string;
  last?: Entry;
  /** Whose index the subject stands in, where no event tells. */
  owner?: string;
}

/** Whether nothing may be left of the subject. */
export const isGone = ({ last }: Final): boolean => last === undefined || last.type.endsWith('.deleted');

export type Mode = 'replay' | 'verify';

/** Records, and whatever is kept with them, as a fold of one partition of a stream. */
export interface RecordProjection {
  /** the key of the stream's partition */
  stream: string;
  /** Fails with UndecodableEntry for what is no event of the stream. */
  decode(raw: RawEntry): unknown;
  /**
   * Compares what is kept of a subject with what its last event says, and in mode `replay` puts it right, in one step.
   * Answers `behind` where too many entries follow `asOf` to see whether the subject is among them, and `same` where
   * it is: then the write that made the entry has put it right.
   */
  step(final: Final, asOf: string, mode: Mode): Promise<'same' | 'different' | 'behind'>;
  /** Everything that is kept of subjects that are not among the living. */
  orphans(isLiving: (subject: string) => boolean): AsyncIterable<Final>;
}

/** What a step that compares or replays begins with: pass it to `script` before the step's own file. */
export const rebuildLua = new URL('lua/replay.lua', import.meta.url);

interface RebuildOptions {
  redis: Redis;
  projection: RecordProjection;
  mode: Mode;
  signal: AbortSignal;
  /** Told of the entries read since the last call. */
  onRead(entries: number): void;
  onDifference(final: Final): void;
}

/** How many subjects are looked at together. */
const batchSize = 200;

/**
 * Puts right, or compares, every record of a partition while reads and writes go on. The stream is read backwards:
 * the first event met of a subject is its last. What changes meanwhile is left to the write that changes it.
 */
export async function rebuildRecords(options: RebuildOptions): Promise<void> {
  const { redis, projection, mode, signal, onRead, onDifference } = options;
  const range = { redis, stream: projection.stream };
  const start = await endOf(range);
  const moved = new Set<string>();
  const living = new Set<string>();
  let asOf = start;

  /** Takes note of what was written since, and so needs no more care. */
  async function catchUp(): Promise<void> {
    for await (const page of pagesAfter(range, asOf)) {
      for (const entry of page) moved.add(subjectOf(entry));
      asOf = page.at(-1)?.[0] ?? asOf;
    }
  }

  async function settle(finals: Final[]): Promise<void> {
    for (let left = finals; left.length > 0; ) {
      signal.throwIfAborted();
      await catchUp();
      const now = left.filter(({ subject }) => !moved.has(subject));
      const outcomes = await Promise.all(now.map((final) => projection.step(final, asOf, mode)));
      for (const final of now.filter((_, at) => outcomes[at] === 'different')) onDifference(final);
      left = now.filter((_, at) => outcomes[at] === 'behind');
    }
  }

  for await (const finals of finalsUntil(redis, projection, start, onRead)) {
    for (const final of finals) if (!isGone(final)) living.add(final.subject);
    for (const batch of batches(finals)) await settle(batch);
  }
  await catchUp();
  const orphans: Final[] = [];
  for await (const orphan of projection.orphans((subject) => living.has(subject) || moved.has(subject))) {
    orphans.push(orphan);
    if (orphans.length === batchSize) await settle(orphans.splice(0));
  }
  await settle(orphans);
}

/** The last event of every subject there was at an id, in order of subject. */
export async function stateAt(
  { redis, projection, onRead }: Pick<RebuildOptions, 'redis' | 'projection' | 'onRead'>,
  until: string,
): Promise<Entry[]> {
  const state: Entry[] = [];
  for await (const finals of finalsUntil(redis, projection, until, onRead)) {
    for (const final of finals) if (final.last && !isGone(final)) state.push(final.last);
  }
  return state.sort((a, b) => (a.subject < b.subject ? -1 : 1));
}

/** Each subject once, with its last event until an id; what is no event of the stream is passed by. */
async function* finalsUntil(
  redis: Redis,
  { stream, decode }: Pick<RecordProjection, 'stream' | 'decode'>,
  until: string,
  onRead: (entries: number) => void,
): AsyncGenerator<Final[]> {
  const seen = new Set<string>();
  for await (const page of pagesBefore({ redis, stream }, until)) {
    const finals: Final[] = [];
    for (const raw of page) {
      const subject = subjectOf(raw);
      if (seen.has(subject) || !isEvent(decode, raw)) continue;
      seen.add(subject);
      finals.push({ subject, last: readEntry(raw) });
    }
    onRead(page.length);
    yield finals;
  }
}

function isEvent(decode: (raw: RawEntry) => unknown, raw: RawEntry): boolean {
  try {
    decode(raw);
    return true;
  } catch (error) {
    if (error instanceof UndecodableEntry) return false;
    throw error;
  }
}

function* batches<T>(list: T[]): Generator<T[]> {
  for (let from = 0; from < list.length; from += batchSize) yield list.slice(from, from + batchSize);
}
