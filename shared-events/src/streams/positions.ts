import type { StreamRange } from './pages.ts';

/** Where a projection stands in a stream. */
export interface NamedPosition {
  name: string;
  /** the id of the last entry it has applied */
  position: string;
}

/**
 * The key beside a stream in which every projection tells its position: a hash, one field a projection. Whoever stands
 * there is protected by a compaction, and seen by operators, whatever language it is written in.
 */
export const positionsKey = (stream: string): string => `${stream}:positions`;

const entryId = /^\d{1,20}-\d{1,20}$/;

/** Resolves to the projections that follow a stream. A position that is no entry id is told as `0-0`. */
export async function positionsIn({ redis, stream }: StreamRange): Promise<NamedPosition[]> {
  const found = Object.entries(await redis.hgetall(positionsKey(stream)));
  return found
    .map(([name, position]) => ({ name, position: entryId.test(position) ? position : '0-0' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
