import type { Store } from '../redis/store.ts';
import type { Positions } from '../streams/entries.ts';
import { compareIds } from '../streams/entry-id.ts';
import type { StreamRange } from '../streams/pages.ts';
import { type StreamInfo, streamInfo } from '../streams/stream-info.ts';

/** What a reader of a stream can no longer be given. */
export interface Gap {
  stream: string;
  /** the last entry it was given */
  after: string;
  /**
   * `removed`: entries between this and `until` were deleted or trimmed.
   * `beyond_end`: the stream ends before the position, as after a restore of older data; reading goes on at its end.
   * `lost`: the stream does not have the entry at the position, as after a failover; reading goes on behind the last
   * entry before it, `until`.
   */
  reason: 'removed' | 'beyond_end' | 'lost';
  /** up to where entries are missing */
  until: string;
}

/** Whether the reader has had entries that the stream has not, so that it has to go back. */
export const isLost = ({ reason }: Gap): boolean => reason !== 'removed';

/**
 * Finds what is missing behind positions, and tells each gap once. If a stream was trimmed up to exactly a position it
 * cannot be known that nothing more is missing, and a gap is told.
 */
export function gapFinder(redis: Store) {
  const told = new Map<string, string>();
  const isNew = (gap: Gap) => isLost(gap) || told.get(gap.stream) !== gap.until;

  return async (positions: Positions): Promise<Gap[]> => {
    const found = await Promise.all(
      [...positions].map(async ([stream, after]) => {
        const info = await streamInfo(redis, stream);
        return gapAfter(stream, after, info) ?? lostAt({ redis, stream }, after, info);
      }),
    );
    const gaps = found.filter((gap) => gap !== undefined).filter(isNew);
    for (const { stream, until } of gaps) told.set(stream, until);
    return gaps;
  };
}

/** Returns where to read on after gaps: before what the stream has lost. */
export const restart = (positions: Positions, gaps: readonly Gap[]): Positions =>
  new Map([
    ...positions,
    ...gaps.filter(isLost).map(({ stream, until }): [string, string] => [stream, until]),
  ]);

/** Resolves to the gap of a position whose entry is not there, though it was not removed and older ones are there. */
async function lostAt({ redis, stream }: StreamRange, after: string, info: StreamInfo) {
  const { first, last, deleted } = info;
  if (
    first === undefined ||
    after === last ||
    compareIds(after, first) < 0 ||
    compareIds(after, deleted) <= 0
  )
    return undefined;
  const [before] = await redis.xrevrange(stream, after, '-', 'COUNT', 1);
  const until = before?.[0] ?? '0-0';
  return until === after ? undefined : { stream, after, reason: 'lost' as const, until };
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
