import type { Redis } from 'ioredis';
import type { Positions } from '../streams/entries.ts';
import { compareIds } from '../streams/entry-id.ts';
import { type StreamInfo, streamInfo } from '../streams/stream-info.ts';

/** What a reader of a stream can no longer be given. */
export interface Gap {
  stream: string;
  /** the last entry it was given */
  after: string;
  /**
   * `removed`: entries between this and `until` were deleted or trimmed.
   * `beyond_end`: the stream ends before the position, as after a restore of older data; reading goes on at its end.
   */
  reason: 'removed' | 'beyond_end';
  /** up to where entries are missing */
  until: string;
}

/**
 * Finds what is missing behind positions, and tells each gap once. If a stream was trimmed up to exactly a position it
 * cannot be known that nothing more is missing, and a gap is told.
 */
export function gapFinder(redis: Redis) {
  const told = new Map<string, string>();
  const isNew = ({ stream, reason, until }: Gap) => reason === 'beyond_end' || told.get(stream) !== until;

  return async (positions: Positions): Promise<Gap[]> => {
    const found = await Promise.all(
      [...positions].map(async ([stream, after]) => gapAfter(stream, after, await streamInfo(redis, stream))),
    );
    const gaps = found.filter((gap) => gap !== undefined).filter(isNew);
    for (const { stream, until } of gaps) told.set(stream, until);
    return gaps;
  };
}

/** Returns where to read on after gaps: what lies beyond the end of a stream begins again at its end. */
export const restart = (positions: Positions, gaps: readonly Gap[]): Positions =>
  new Map([
    ...positions,
    ...gaps
      .filter(({ reason }) => reason === 'beyond_end')
      .map(({ stream, until }): [string, string] => [stream, until]),
  ]);

function gapAfter(stream: string, after: string, info: StreamInfo): Gap | undefined {
  const { first, last, deleted, length, added } = info;
  if (compareIds(after, last) > 0) return { stream, after, reason: 'beyond_end', until: last };
  if (compareIds(deleted, after) > 0) return { stream, after, reason: 'removed', until: deleted };
  if (compareIds(after, last) === 0 || compareIds(after, deleted) === 0) return undefined;
  if (first === undefined) return { stream, after, reason: 'removed', until: last };
  const trimmed = compareIds(after, first) < 0 && (after !== '0-0' || added > length);
  return trimmed ? { stream, after, reason: 'removed', until: first } : undefined;
}
