import type { Redis } from 'ioredis';
import { hashTag, projections } from '../events.ts';
import { storedPosition } from './follow.ts';
import { groupKeys } from './group.ts';
import { script } from './script.ts';

const countScript = script(new URL('lua/count-after.lua', import.meta.url));
const mostAtOnce = 10_000;

export interface Lag {
  /** how many entries the reader has not come to; exact, also where entries were removed */
  entries: number;
  /** the age of the first of them, in seconds; 0 where there is none */
  seconds: number;
}

export interface GroupState {
  group: string;
  /** the last entry that was given to a consumer */
  position: string;
  behind: Lag;
  /** entries given to a consumer and not yet settled */
  pending: number;
  /** the age of the oldest of them, in seconds; 0 where there is none */
  oldestPending: number;
  parked: number;
}

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

/** What a reader of a stream is at; a projection has nothing pending or parked. */
export interface ReaderState extends Omit<GroupState, 'group'> {
  stream: string;
  kind: 'group' | 'projection';
  name: string;
}

interface Range {
  redis: Redis;
  stream: string;
}

/** How far a reader at a position is behind the end of the stream. */
export async function lagOf({ redis, stream }: Range, position: string): Promise<Lag> {
  let entries = 0;
  let oldest = '';
  for (let after = position; ; ) {
    const [count, last, first] = (await countScript(redis, [stream], [after])) as [number, string, string];
    oldest ||= first;
    entries += count;
    if (count < mostAtOnce) break;
    after = last;
  }
  return { entries, seconds: oldest ? await ageOf(redis, oldest) : 0 };
}

/** What the consumer groups of a stream are at; none where there is no stream. */
export async function groupStates(range: Range): Promise<GroupState[]> {
  return Promise.all((await groupsOf(range)).map((info) => groupState(range, info)));
}

/** The names of the consumer groups of a stream; none where there is no stream. */
export const groupNames = async (range: Range): Promise<string[]> =>
  (await groupsOf(range)).map(({ name }) => String(name));

/** What XINFO GROUPS tells. */
async function groupsOf({ redis, stream }: Range): Promise<Record<string, unknown>[]> {
  if ((await redis.exists(stream)) === 0) return [];
  return ((await redis.xinfo('GROUPS', stream)) as unknown[][]).map(asRecord);
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
    const behind = await lagOf({ redis, stream }, position);
    return { stream, kind: 'projection', name, position, behind, pending: 0, oldestPending: 0, parked: 0 };
  });
  const [ofGroups, ofProjections] = await Promise.all([Promise.all(groups), Promise.all(folds)]);
  return [...ofGroups.flat(), ...ofProjections];
}

async function groupState(range: Range, info: Record<string, unknown>): Promise<GroupState> {
  const { redis, stream } = range;
  const group = String(info.name);
  const position = String(info['last-delivered-id']);
  const [pending, oldest] = (await redis.xpending(stream, group)) as [number, string | null];
  return {
    group,
    position,
    behind: await lagOf(range, position),
    pending,
    oldestPending: oldest ? await ageOf(redis, oldest) : 0,
    parked: await redis.xlen(groupKeys(stream, group).dead),
  };
}

/** The seconds since an entry was written, by the clock of Redis. */
async function ageOf(redis: Redis, id: string): Promise<number> {
  const [seconds, micros] = await redis.time();
  const now = Number(seconds) * 1000 + Number(micros) / 1000;
  return Math.max(0, (now - Number.parseInt(id, 10)) / 1000);
}

const asRecord = (flat: unknown[]): Record<string, unknown> =>
  Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1]]] : [])));
