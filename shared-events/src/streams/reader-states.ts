import type { Redis } from 'ioredis';
import { hashTag } from '../events/ids.ts';
import { projections } from '../events/projections.ts';
import { storedPosition } from './follow.ts';
import { type GroupState, groupStates, lagOf } from './lag.ts';

/** A projection of one partition of a stream, for whoever tells how far it is. */
export interface FollowedStream {
  name: string;
  /** the key of the stream's partition */
  stream: string;
  /** The id of the last entry applied. */
  position(): Promise<string>;
}

/** Every projection there is, of every partition of its stream. */
export const followedStreams = (redis: Redis, partitions: number): FollowedStream[] =>
  projections.flatMap(({ name, stream, key }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      name,
      stream: `${stream}:${hashTag(partition)}`,
      position: () => storedPosition(redis, key(partition)),
    })),
  );

/** What a reader of a stream is at; a projection has nothing pending and no dead letters. */
export interface ReaderState extends Omit<GroupState, 'group'> {
  stream: string;
  kind: 'group' | 'projection';
  name: string;
}

/** What every group of these streams is at, and every one of these projections. */
export async function readerStates({
  redis,
  streams,
  projections,
}: {
  redis: Redis;
  streams: readonly string[];
  projections: readonly FollowedStream[];
}): Promise<ReaderState[]> {
  const groups = streams.map(async (stream) =>
    (await groupStates({ redis, stream })).map(
      ({ group, ...state }): ReaderState => ({ stream, kind: 'group', name: group, ...state }),
    ),
  );
  const folds = projections.map(async ({ name, stream, position: read }): Promise<ReaderState> => {
    const position = await read();
    const lag = await lagOf({ redis, stream }, position);
    return { stream, kind: 'projection', name, position, lag, pending: 0, oldestPending: 0, deadLetters: 0 };
  });
  const [ofGroups, ofProjections] = await Promise.all([Promise.all(groups), Promise.all(folds)]);
  return [...ofGroups.flat(), ...ofProjections];
}
