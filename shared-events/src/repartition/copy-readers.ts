import type { Redis } from 'ioredis';
import { subjectOf } from '../events/entry.ts';
import type { Partition } from '../events/layout.ts';
import type { Store } from '../redis/store.ts';
import { deadLetters } from '../streams/dead-letters.ts';
import { compareIds } from '../streams/entry-id.ts';
import { groupKeys } from '../streams/group.ts';
import { groupPositions } from '../streams/lag.ts';
import { compactedKey } from '../streams/maintenance.ts';
import { lastUpTo, pagesAfter } from '../streams/pages.ts';
import { positionsIn, positionsKey } from '../streams/positions.ts';
import { streamInfo } from '../streams/stream-info.ts';
import type { Source } from './homes.ts';

interface CopyReadersOptions {
  from: Redis;
  into: Store;
  /** Returns the key of a partition of the stream. */
  key(partition: Partition): string;
  source: Source;
  /** The last id that the old stream has given out. */
  last: string;
  /** The projections that are built there already. */
  built: ReadonlySet<string>;
}

/** For how long no consumer works for a group of the old layout, in milliseconds: longer than the rest takes. */
const leaseTime = 30_000;
/** What then holds the group's lease. */
const leaseHolder = 'repartition';
/** Up to how many entries are counted that a group has not read. */
const maxCounted = 10_000;

/**
 * Copies what stands beside a partition of a stream: groups with their positions, dead letters, positions of projections,
 * and how much of the history is there. What was given to a consumer and not settled is given out again.
 */
export async function copyReaders(options: CopyReadersOptions): Promise<void> {
  const { from, into, key, source, last, built } = options;
  const stream = key(source.partition);
  const range = { redis: from, stream };
  const compacted = await from.get(compactedKey(stream));
  const { deleted } = await streamInfo(from, stream);
  for (const home of source.homes) {
    const to = key(home);
    const { length } = await ensureStream(into, to);
    // What comes follows on all there was, in whichever partition that is now.
    const gone = compareIds(deleted, last) > 0 ? last : deleted;
    if (last !== '0-0') await into.xsetid(to, last, 'ENTRIESADDED', length, 'MAXDELETEDID', gone);
    if (compacted !== null) await into.set(compactedKey(to), compacted);
  }
  for (const { name, position } of await positionsIn(range)) {
    if (built.has(name)) continue;
    for (const home of source.homes) {
      await into.hset(
        positionsKey(key(home)),
        name,
        await lastUpTo({ redis: into, stream: key(home) }, position),
      );
    }
  }
  for (const { group } of await groupPositions(range)) await copyGroup(options, group);
}

async function copyGroup({ from, into, key, source }: CopyReadersOptions, group: string): Promise<void> {
  const stream = key(source.partition);
  // What a consumer settles from now on, it would settle here alone.
  await from.set(groupKeys(stream, group).lease, leaseHolder, 'PX', leaseTime);
  const found = (await groupPositions({ redis: from, stream })).find((each) => each.group === group);
  const [, oldest] = (await from.xpending(stream, group)) as [number, string | null];
  const settled = oldest === null ? (found?.position ?? '0-0') : before(oldest);
  for (const home of source.homes) {
    const to = key(home);
    const read = await readUpTo(into, to, settled);
    const at = [settled, ...(read === undefined ? [] : ['ENTRIESREAD', read])] as [string];
    await into.xgroup('CREATE', to, group, ...at).catch((error: Error) => {
      if (!error.message.startsWith('BUSYGROUP')) throw error;
      return into.xgroup('SETID', to, group, ...at);
    });
    await into.set(groupKeys(to, group).checkpoint, settled);
    // What a copy before this one brought may have been put back or dropped since.
    await into.unlink(groupKeys(to, group).dead);
  }
  for (const letter of await deadLetters({ redis: from, stream, group }).list()) {
    const { dead } = groupKeys(key(source.homeOf(subjectOf(letter.entry))), group);
    const [entry] = await from.xrange(groupKeys(stream, group).dead, letter.id, letter.id);
    if (entry !== undefined) await into.xadd(dead, letter.id, ...entry[1]);
  }
}

/** Resolves to what there is to know of a stream, which is there from now on. */
async function ensureStream(redis: Store, stream: string) {
  const name = 'repartition';
  await redis.xgroup('CREATE', stream, name, '0', 'MKSTREAM').catch((error: Error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error;
  });
  await redis.xgroup('DESTROY', stream, name);
  return streamInfo(redis, stream);
}

/** Resolves to how many entries there are up to an id; to nothing if many follow. */
async function readUpTo(redis: Store, stream: string, id: string): Promise<number | undefined> {
  let unread = 0;
  for await (const page of pagesAfter({ redis, stream }, id)) {
    unread += page.length;
    if (unread > maxCounted) return undefined;
  }
  return (await streamInfo(redis, stream)).length - unread;
}

/** The last id before one. */
function before(id: string): string {
  const [ms = '0', sequence = '0'] = id.split('-');
  return sequence === '0' ? `${BigInt(ms) - 1n}-18446744073709551615` : `${ms}-${BigInt(sequence) - 1n}`;
}
