import type { Redis } from 'ioredis';
import { compareIds } from '../streams/entry-id.ts';
import { type StreamInfo, streamInfo } from './stream-info.ts';

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
 * Finds what is missing behind positions, and tells each gap once. Where a stream was trimmed up to exactly a position
 * it cannot be known that nothing more is missing, and a gap is told.
 */
export function gapFinder(redis: Redis, streams: readonly string[]) {
  const told = new Map<string, string>();
  return async (ids: readonly string[]): Promise<Gap[]> => {
    const infos = await Promise.all(streams.map((stream) => streamInfo(redis, stream)));
    return infos.flatMap((info, at) => {
      const stream = streams[at] as string;
      const gap = gapAfter(stream, ids[at] as string, info);
      if (gap === undefined || (gap.reason === 'removed' && told.get(stream) === gap.until)) return [];
      told.set(stream, gap.until);
      return [gap];
    });
  };
}

/** Where to read on after gaps: what lies beyond the end of a stream begins again at its end. */
export function restart(streams: readonly string[], ids: readonly string[], gaps: readonly Gap[]): string[] {
  const beyond = gaps.filter(({ reason }) => reason === 'beyond_end');
  return ids.map((id, at) => beyond.find(({ stream }) => stream === streams[at])?.until ?? id);
}

function gapAfter(stream: string, after: string, info: StreamInfo): Gap | undefined {
  const { first, last, deleted, length, added } = info;
  if (compareIds(after, last) > 0) return { stream, after, reason: 'beyond_end', until: last };
  if (compareIds(deleted, after) > 0) return { stream, after, reason: 'removed', until: deleted };
  if (compareIds(after, last) === 0 || compareIds(after, deleted) === 0) return undefined;
  if (first === undefined) return { stream, after, reason: 'removed', until: last };
  const trimmed = compareIds(after, first) < 0 && (after !== '0-0' || added > length);
  return trimmed ? { stream, after, reason: 'removed', until: first } : undefined;
}
