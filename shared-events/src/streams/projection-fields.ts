import type { RawEntry } from '../events/entry.ts';
import { readingScript } from '../redis/script.ts';
import { type Store, scanCount, scanned } from '../redis/store.ts';
import { Disturbed } from './maintenance.ts';
import { applyTo } from './projection.ts';

const compareScript = readingScript(new URL('lua/compare-projections.lua', import.meta.url));

/** The fields that are set, or removed. */
export type Changed = Map<string, string | undefined>;

/** The fields of a projection, wherever it is built or kept. */
export interface ProjectionFields {
  /** Takes in what a page comes to that follows a position. */
  take(position: string, page: RawEntry[], changes: Changed): Promise<void>;
  /** Removes all there is. */
  clear(): Promise<void>;
  /** Yields the fields, some at a time. */
  pages(): AsyncIterable<[field: string, value: string][]>;
  valuesOf(fields: string[]): Promise<(string | null | undefined)[]>;
}

/** The fields that a projection in Redis keeps beside those of its fold. */
const ownFields = new Set(['position', 'passed']);

/**
 * The fields in the hash of a key, of a projection of this stream. Taking in fails with Disturbed if the projection is not
 * at the position that the page follows: somebody else writes there as well, or a failover has lost what was taken in.
 */
export const fieldsInRedis = (redis: Store, stream: string, key: string, name: string): ProjectionFields => ({
  async take(position, page, changes) {
    const reached = await applyTo({ redis, keys: [stream, key], name }, position, page, changes);
    if (reached !== page.at(-1)?.[0])
      throw new Disturbed(`${key} is at ${reached}, where this replay has not left it`);
  },
  async clear() {
    await redis.unlink(key);
  },
  async *pages() {
    for await (const flat of scanned((cursor) => redis.hscan(key, cursor, 'COUNT', scanCount))) {
      yield flat.flatMap((field, at): [string, string][] =>
        at % 2 === 0 && !ownFields.has(field) ? [[field, flat[at + 1] as string]] : [],
      );
    }
  },
  valuesOf: async (fields) => (fields.length > 0 ? redis.hmget(key, ...fields) : []),
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
  async *pages() {
    const all = [...state];
    for (let from = 0; from < all.length; from += scanCount) yield all.slice(from, from + scanCount);
  },
  valuesOf: async (fields) => fields.map((field) => state.get(field)),
});

/** Yields the fields that the two do not agree on; one may come twice. */
export async function* differingFields(a: ProjectionFields, b: ProjectionFields): AsyncGenerator<string> {
  yield* unlike(a, b);
  yield* unlike(b, a);
}

/** Yields the fields of one that the other has with another value, or not at all. */
async function* unlike(one: ProjectionFields, other: ProjectionFields): AsyncGenerator<string> {
  for await (const page of one.pages()) {
    const values = await other.valuesOf(page.map(([field]) => field));
    yield* page.filter(([, value], at) => values[at] !== value).map(([field]) => field);
  }
}

/** The same for the hashes of two keys in one slot, the second of which nobody changes: they are compared where they are. */
export async function* differingInRedis(redis: Store, live: string, built: string): AsyncGenerator<string> {
  const [ofLive, ofBuilt] = await Promise.all([redis.hlen(live), redis.hlen(built)]);
  let differs = ofLive !== ofBuilt;
  for await (const fields of unlikeInRedis(redis, built, live)) {
    differs ||= fields.length > 0;
    yield* fields;
  }
  // As many fields, none of which was missing: there are no others.
  if (!differs) return;
  for await (const fields of unlikeInRedis(redis, live, built)) yield* fields;
}

/** Yields the fields of one that the other has with another value, or not at all, some at a time. */
async function* unlikeInRedis(redis: Store, one: string, other: string): AsyncGenerator<string[]> {
  yield* scanned(async (cursor): Promise<[string, string[]]> => {
    const reply = (await compareScript(redis, [one, other], [cursor, scanCount])) as string[];
    const [next = '0', ...fields] = reply;
    return [next, fields];
  });
}
