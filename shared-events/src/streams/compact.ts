import { field, subjectOf } from '../events/entry.ts';
import type { Store } from '../redis/store.ts';
import { deadLetters } from './dead-letters.ts';
import { compareIds } from './entry-id.ts';
import { groupPositions } from './lag.ts';
import { markCompacted, withStreamLock } from './maintenance.ts';
import { pagesBefore } from './pages.ts';
import { positionsIn } from './positions.ts';

interface CompactOptions {
  redis: Store;
  stream: string;
  /** Who compacts, for whoever is kept out meanwhile. */
  holder: string;
  /** Entries from this id on stay. */
  before: string;
  /** Changes nothing. */
  dryRun: boolean;
  onRead(entries: number): void;
}

export interface Compaction {
  /** updates that a later event of their subject supersedes */
  superseded: number;
  /** entries of subjects that were deleted */
  deleted: number;
}

/** How many entries are removed in one step. */
const stepSize = 100;

/**
 * Removes what a replay does not need: updates that a later event of the same subject supersedes, and all of a subject
 * that was deleted, as far as all of that is old. What a group or a projection has not passed stays, and so do dead
 * letters. The state as it was at any moment that is not old can still be told. Entries go in the order they came, so
 * that a compaction that is killed never leaves a deleted subject without its deletion. Fails with `held_by_another`
 * while a replay reads the stream, or another compacts it.
 */
export const compact = (options: CompactOptions): Promise<Compaction> =>
  withStreamLock(options, (signal) => compactAlone(options, signal));

async function compactAlone(options: CompactOptions, signal: AbortSignal): Promise<Compaction> {
  const { redis, stream, dryRun, onRead } = options;
  const { limit, dead } = await bounds(options);
  const superseded: string[] = [];
  const deleted: string[] = [];
  /** of each subject with an entry that is old: whether it is deleted for good */
  const subjects = new Map<string, boolean>();
  for await (const page of pagesBefore({ redis, stream })) {
    signal.throwIfAborted();
    for (const entry of page.filter(([id]) => compareIds(id, limit) < 0)) {
      const [id] = entry;
      const subject = subjectOf(entry);
      const type = field(entry, 'type') ?? '';
      const isLast = !subjects.has(subject);
      if (isLast) subjects.set(subject, type.endsWith('.deleted') && !dead.has(id));
      if (dead.has(id)) continue;
      if (subjects.get(subject)) deleted.push(id);
      else if (!isLast && type.endsWith('.updated')) superseded.push(id);
    }
    onRead(page.length);
  }
  const removed = [...superseded, ...deleted].sort(compareIds);
  if (!dryRun && removed.length > 0) {
    await markCompacted({ redis, stream }, limit);
    await remove(redis, stream, removed, signal);
  }
  return { superseded: superseded.length, deleted: deleted.length };
}

/** The id before which entries may go, as far as readers have come; and the entries that wait among the dead letters. */
async function bounds({ redis, stream, before }: CompactOptions) {
  const dead = new Set<string>();
  const positions = await positionsIn({ redis, stream });
  const limits = [before, ...positions.map(({ position }) => after(position))];
  for (const { group, position } of await groupPositions({ redis, stream })) {
    const [, oldest] = (await redis.xpending(stream, group)) as [number, string | null];
    limits.push(oldest ?? after(position));
    for (const { entry } of await deadLetters({ redis, stream, group }).list()) dead.add(entry[0]);
  }
  return { limit: limits.sort(compareIds)[0] as string, dead };
}

/** The first id after one. */
function after(id: string): string {
  const [ms = '0', sequence = '0'] = id.split('-');
  return `${ms}-${BigInt(sequence) + 1n}`;
}

async function remove(redis: Store, stream: string, ids: string[], signal: AbortSignal): Promise<void> {
  for (let from = 0; from < ids.length; from += stepSize) {
    signal.throwIfAborted();
    await redis.xdel(stream, ...ids.slice(from, from + stepSize));
  }
}
