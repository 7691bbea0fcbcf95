import { readingScript } from '../redis/script.ts';
import { groupKeys } from './group.ts';
import type { StreamRange } from './pages.ts';

const countScript = readingScript(new URL('lua/count-after.lua', import.meta.url));

/** Up to how many entries are counted, so that Redis is not held up the longer the farther somebody is behind. */
const maxCounted = 1000;

export interface Lag {
  /** how many entries the reader has not come to, also if entries were removed; a thousand at most */
  entries: number;
  /** whether there are more than that */
  isMore: boolean;
  /** the age of the first of them, in seconds; 0 if there is none */
  seconds: number;
}

export interface GroupState {
  group: string;
  /** the last entry that was given to a consumer */
  position: string;
  lag: Lag;
  /** entries given to a consumer and not yet settled */
  pending: number;
  /** the age of the oldest of them, in seconds; 0 if there is none */
  oldestPending: number;
  deadLetters: number;
}

/** How far a reader at a position is behind the end of the stream. */
export const lagOf = async (range: StreamRange, position: string): Promise<Lag> =>
  (await measure(range, position)).lag;

/** How far a reader at a position is behind, and the seconds since one more entry was written, if one is named. */
async function measure({ redis, stream }: StreamRange, position: string, entry = '') {
  const reply = await countScript(redis, [stream], [position, maxCounted + 1, entry]);
  const [found, age, ageOfEntry] = reply as [number, number, number];
  const entries = Math.min(found, maxCounted);
  return {
    lag: { entries, isMore: found > maxCounted, seconds: age / 1000 },
    age: ageOfEntry / 1000,
  };
}

/** What the consumer groups of a stream are at; none if there is no stream. */
export async function groupStates(range: StreamRange): Promise<GroupState[]> {
  return Promise.all((await groupsOf(range)).map((info) => groupState(range, info)));
}

/** Resolves to where the consumer groups of a stream stand; to none if there is no stream. */
export const groupPositions = async (range: StreamRange) =>
  (await groupsOf(range)).map((info) => ({
    group: String(info.name),
    position: String(info['last-delivered-id']),
  }));

/** The names of the consumer groups of a stream; none if there is no stream. */
export const groupNames = async (range: StreamRange): Promise<string[]> =>
  (await groupsOf(range)).map(({ name }) => String(name));

export interface Consumer {
  name: string;
  /** entries given to it and not yet settled */
  pending: number;
  /** how long ago it last asked for entries, in seconds */
  idle: number;
}

/** Resolves to the consumers of a group. Fails if there is no such group. */
export async function consumersOf({ redis, stream }: StreamRange, group: string): Promise<Consumer[]> {
  const infos = ((await redis.xinfo('CONSUMERS', stream, group)) as unknown[][]).map(asRecord);
  return infos.map(({ name, pending, idle }) => ({
    name: String(name),
    pending: Number(pending),
    idle: Number(idle) / 1000,
  }));
}

/** What XINFO GROUPS tells. */
async function groupsOf({ redis, stream }: StreamRange): Promise<Record<string, unknown>[]> {
  if ((await redis.exists(stream)) === 0) return [];
  return ((await redis.xinfo('GROUPS', stream)) as unknown[][]).map(asRecord);
}

async function groupState(range: StreamRange, info: Record<string, unknown>): Promise<GroupState> {
  const { redis, stream } = range;
  const group = String(info.name);
  const position = String(info['last-delivered-id']);
  const [pending, oldest] = (await redis.xpending(stream, group)) as [number, string | null];
  const { lag, age } = await measure(range, position, oldest ?? '');
  return {
    group,
    position,
    lag,
    pending,
    oldestPending: age,
    deadLetters: await redis.xlen(groupKeys(stream, group).dead),
  };
}

const asRecord = (flat: unknown[]): Record<string, unknown> =>
  Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1]]] : [])));
