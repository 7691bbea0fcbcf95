import type { Redis } from 'ioredis';
import { type Entry, hashTag, partitionOf, type RawEntry, readEntry, subjectOf } from 'shared-events';
import type { LoadedStack } from './world.ts';

/** All that is kept, whatever keeps it. */
export interface State {
  users: Entry[];
  tasks: Entry[];
  /** of users and tasks, by key */
  records: Map<string, string>;
  indexes: Map<string, string[]>;
  known: Record<string, string>;
  /** The hash tag that whatever belongs to the owner of an id should carry. */
  tag(id: string): string;
}

/** Reads all that is kept, but for entries that are exempt. */
export async function readState({ stores, layout, exempt }: LoadedStack): Promise<State> {
  const held = await Promise.all((await stores()).map((redis) => readStore(redis, exempt)));
  return {
    users: held.flatMap(({ users }) => users),
    tasks: held.flatMap(({ tasks }) => tasks),
    records: new Map(held.flatMap(({ records }) => [...records])),
    indexes: new Map(held.flatMap(({ indexes }) => [...indexes])),
    known: Object.assign({}, ...held.map(({ known }) => known)),
    tag: (id) => hashTag(partitionOf(id, layout)),
  };
}

/** Reads what one Redis has: all there is, or the partitions of a node. */
async function readStore(redis: Redis, exempt: Set<string>): Promise<Omit<State, 'tag'>> {
  const keys = await redis.keys('*');
  const entries = async (stream: RegExp) => {
    const raw = await Promise.all(
      keys.filter((key) => stream.test(key)).map((key) => redis.xrange(key, '-', '+') as Promise<RawEntry[]>),
    );
    return raw
      .flat()
      .filter((entry) => !exempt.has(subjectOf(entry)))
      .map(readEntry);
  };
  const recordKeys = keys.filter((key) => /^(user|task):\{/.test(key));
  const values = await Promise.all(recordKeys.map((key) => redis.get(key)));
  const indexKeys = keys.filter((key) => key.startsWith('tasks-of:'));
  const members = await Promise.all(indexKeys.map((key) => redis.zrange(key, '0', '-1')));
  const known = keys.filter((key) => /^known-users:\{[\d.]+\}$/.test(key));
  return {
    users: await entries(/^user-events:\{[\d.]+\}$/),
    tasks: await entries(/^task-events:\{[\d.]+\}$/),
    records: new Map(recordKeys.map((key, at) => [key, values[at] ?? ''])),
    indexes: new Map(indexKeys.map((key, at) => [key, members[at] ?? []])),
    known: Object.assign({}, ...(await Promise.all(known.map((key) => redis.hgetall(key))))),
  };
}
