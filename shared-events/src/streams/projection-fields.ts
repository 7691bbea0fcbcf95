import type { RawEntry } from '../events/entry.ts';
import { type Store, scanCount, scanned } from '../redis/store.ts';
import { Disturbed } from './maintenance.ts';
import { applyTo } from './projection.ts';

/** The fields that are set, or removed. */
export type Changed = Map<string, string | undefined>;

/** The fields of a projection, wherever it is built or kept. */
export interface ProjectionFields {
  /** Takes in what a page comes to that follows a position. */
  take(position: string, page: RawEntry[], changes: Changed): Promise<void>;
  /** Removes all there is. */
  clear(): Promise<void>;
  /** Resolves to how many fields there are. */
  count(): Promise<number>;
  valuesOf(fields: string[]): Promise<(string | null | undefined)[]>;
}

/** The fields that a projection in Redis keeps beside those of its fold. */
const ownFields = ['position', 'passed'];

/**
 * The fields in the hash of a key, of a projection of this stream. Taking in fails with Disturbed if the projection is not
 * at the position that the page follows: somebody else writes there as well, or a failover has lost what was taken in.
 */
export const fieldsInRedis = (redis: Store, stream: string, key: string, name: string) => ({
  async take(position: string, page: RawEntry[], changes: Changed): Promise<void> {
    const reached = await applyTo({ redis, keys: [stream, key], name }, position, page, changes);
    if (reached !== page.at(-1)?.[0])
      throw new Disturbed(`${key} is at ${reached}, where this replay has not left it`);
  },
  async clear(): Promise<void> {
    await redis.unlink(key);
  },
  async count(): Promise<number> {
    const [all, own] = await Promise.all([redis.hlen(key), redis.hmget(key, ...ownFields)]);
    return all - own.filter((value) => value !== null).length;
  },
  /** Yields the names of the fields, some at a time. */
  async *pages(): AsyncGenerator<string[]> {
    for await (const flat of scanned((cursor) => redis.hscan(key, cursor, 'COUNT', scanCount))) {
      yield flat.filter((field, at) => at % 2 === 0 && !ownFields.includes(field));
    }
  },
  valuesOf: async (fields: string[]) => (fields.length > 0 ? redis.hmget(key, ...fields) : []),
});

/** The fields in a map. */
export const fieldsInMemory = (state = new Map<string, string>()): ProjectionFields => ({
  async take(_position, _page, changes) {
    for (const [field, value] of changes) {
      if (value === undefined) state.delete(field);
      else state.set(field, value);
    }
  },
  async clear() {
    state.clear();
  },
  count: async () => state.size,
  valuesOf: async (fields) => fields.map((field) => state.get(field)),
});

/**
 * Returns what a projection is built through, to learn in which fields it differs from the live one. Each is held against
 * it as it is built: then only if something differs all are gone through once more, which takes as long again.
 */
export function heldAgainst(live: ReturnType<typeof fieldsInRedis>, built: ProjectionFields) {
  const doubtful = new Set<string>();

  /** Resolves to those of some fields in which the two differ. */
  async function unlike(fields: string[]): Promise<string[]> {
    const [ofLive, ofBuilt] = await Promise.all([live.valuesOf(fields), built.valuesOf(fields)]);
    return fields.filter((_, at) => (ofLive[at] ?? undefined) !== (ofBuilt[at] ?? undefined));
  }

  return {
    async take(position: string, page: RawEntry[], changes: Changed): Promise<void> {
      const fields = [...changes.keys()];
      const [values] = await Promise.all([live.valuesOf(fields), built.take(position, page, changes)]);
      for (const [at, field] of fields.entries()) {
        if ((values[at] ?? undefined) === changes.get(field)) doubtful.delete(field);
        else doubtful.add(field);
      }
    },
    async clear(): Promise<void> {
      doubtful.clear();
      await built.clear();
    },
    /** Resolves to the fields in which the two differ, when all is built. */
    async differing(): Promise<Set<string>> {
      const found = new Set<string>();
      // As many fields, none of which differs: there are no others.
      if (doubtful.size === 0 && (await live.count()) === (await built.count())) return found;
      for await (const page of live.pages()) {
        for (const field of await unlike(page)) found.add(field);
      }
      // And what only the built one has.
      const fields = [...doubtful];
      for (let from = 0; from < fields.length; from += scanCount) {
        for (const field of await unlike(fields.slice(from, from + scanCount))) found.add(field);
      }
      return found;
    },
  };
}
