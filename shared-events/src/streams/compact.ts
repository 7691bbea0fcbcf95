import type { Redis } from 'ioredis';
import { field, subjectOf } from '../events/entry.ts';
import { deadLetters } from './dead-letters.ts';
import { compareIds } from './entry-id.ts';
import { groupStates } from './lag.ts';
import { pagesBefore } from './pages.ts';
import { positionsIn } from './positions.ts';

interface CompactOptions {
  redis: Redis;
  stream: string;
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
 * Removes what a replay does not need: updates behind a later event of the same subject, and all of a subject whose
 * deletion is old. What a group or a projection has not passed stays, and so do dead letters. Entries go in the
 * order they came, so that a compaction that is killed never leaves a deleted subject without its deletion.
 */
export async function compact(options: CompactOptions): Promise<Compaction> {
  const { redis, stream, dryRun, onRead } = options;
  const { limit, dead } = await bounds(options);
  const superseded: string[] = [];
  const deleted: string[] = [];
  /** of each subject met: whether it is deleted for good */
  const subjects = new Map<string, boolean>();
  for await (const page of pagesBefore({ redis, stream })) {
    for (const entry of page) {
      const [id] = entry;
      const subject = subjectOf(entry);
      const type = field(entry, 'type') ?? '';
      const removable = compareIds(id, limit) < 0 && !dead.has(id);
      const isLast = !subjects.has(subject);
      if (isLast) subjects.set(subject, type.endsWith('.deleted') && removable);
      if (!removable) continue;
      if (subjects.get(subject)) deleted.push(id);
      else if (!isLast && type.endsWith('.updated')) superseded.push(id);
    }
    onRead(page.length);
  }
  if (!dryRun) await remove(redis, stream, [...superseded, ...deleted].sort(compareIds));
  return { superseded: superseded.length, deleted: deleted.length };
}

/** The id before which entries may go, as far as readers have come; and the entries that wait among the dead letters. */
async function bounds({ redis, stream, before }: CompactOptions) {
  const dead = new Set<string>();
  const positions = await positionsIn({ redis, stream });
  const limits = [before, ...positions.map(({ position }) => after(position))];
  for (const { group, position } of await groupStates({ redis, stream })) {
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

async function remove(redis: Redis, stream: string, ids: string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += stepSize) {
    await redis.xdel(stream, ...ids.slice(from, from + stepSize));
  }
}
