import type { Redis } from 'ioredis';
import { type RawEntry, subjectOf, type UndecodableEntry } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import { script } from '../redis/script.ts';
import { undisturbed } from './maintenance.ts';
import { endOf, pagesAfter } from './pages.ts';
import { positionsKey } from './positions.ts';
import { applyTo, foldAll, type Projection, projectionKey } from './projection.ts';
import { type ReplayTarget, unreadable } from './replay-target.ts';

const swapScript = script(new URL('lua/swap-projection.lua', import.meta.url));

/** The fields that a projection keeps beside those of its fold. */
const ownFields = new Set(['position', 'passed']);
/** How many fields are compared at once. */
const scanCount = 1000;

/** The fields that are set, or removed. */
type Changed = Map<string, string | undefined>;
/** Takes in what a page that follows a position comes to. */
type Sink = (position: string, page: RawEntry[], changes: Changed) => Promise<void>;

/** The fields of a projection, wherever it is kept. */
interface Fields {
  /** Yields them, some at a time. */
  pages(): AsyncIterable<[field: string, value: string][]>;
  valuesOf(fields: string[]): Promise<(string | null | undefined)[]>;
}

/**
 * Returns what a replay does with a projection of one partition: it is built anew beside the live one, which it then
 * replaces in one step; to verify, it is built in memory, so that nothing is written. An entry that cannot be understood
 * is passed by, as in following.
 */
export function projectionReplay(redis: Redis, projection: Projection, partition: number): ReplayTarget {
  const { name } = projection;
  const stream = projection.stream.key(partition);
  const range = { redis, stream };
  const live = projectionKey(projection, partition);
  const shadow = `${live}:replay`;
  const changesOf = (page: RawEntry[], onUndecodable: (error: UndecodableEntry) => void = () => undefined) =>
    foldAll(projection, page, onUndecodable);

  /**
   * Reads the stream into a sink, from a position on. Resolves to where it ends, and to the entries, by subject, that
   * nothing readable follows.
   */
  async function read(from: string, sink: Sink, signal: AbortSignal, onRead: (entries: number) => void) {
    const unread = new Map<string, string>();
    let position = from;
    for await (const page of pagesAfter(range, from)) {
      signal.throwIfAborted();
      const wrong = new Map<string, UndecodableEntry>();
      await sink(
        position,
        page,
        changesOf(page, (error) => wrong.set(error.entryId, error)),
      );
      position = page.at(-1)?.[0] ?? position;
      for (const entry of page) {
        const error = wrong.get(entry[0]);
        const subject = subjectOf(entry);
        if (error) unread.set(subject || entry[0], unreadable(error, subject));
        else unread.delete(subject);
      }
      onRead(page.length);
    }
    return { position, unread };
  }

  const shadowSink: Sink = async (position, page, changes) => {
    const reached = await applyTo({ redis, keys: [shadow], name }, position, page, changes);
    if (reached !== page.at(-1)?.[0]) {
      throw new Failure('held_by_another', `Another replay builds ${shadow} as well.`);
    }
  };

  /** Resolves to the fields that the two do not agree on, without those that changed while they were compared. */
  async function differences(built: Fields, since: string): Promise<string[]> {
    const kept = fieldsOf(redis, live);
    const fields = new Set<string>();
    for await (const field of unlike(kept, built)) fields.add(field);
    for await (const field of unlike(built, kept)) fields.add(field);
    for await (const page of pagesAfter(range, since)) {
      for (const field of changesOf(page).keys()) fields.delete(field);
    }
    return [...fields].sort();
  }

  return {
    stream,
    async replay(mode, signal, { onRead, onDifference, onUnreadable }) {
      const since = await endOf(range);
      const memory = new Map<string, string>();
      const sink = mode === 'replay' ? shadowSink : memorySink(memory);
      const { position, unread } = await undisturbed(range, async () => {
        memory.clear();
        if (mode === 'replay') await redis.unlink(shadow);
        return read('0-0', sink, signal, onRead);
      });
      const built = mode === 'replay' ? fieldsOf(redis, shadow) : fieldsIn(memory);
      for (const field of await differences(built, since)) {
        onDifference(`${name} ${field} is not what the events say`);
      }
      for (const what of unread.values()) onUnreadable(what);
      if (mode === 'verify') return;
      // What came while the two were compared would else be missing until it is followed again.
      await read(position, sink, signal, () => undefined);
      signal.throwIfAborted();
      await swapScript(redis, [shadow, live, positionsKey(stream)], [name]);
    },
    async stateAt(until, onRead) {
      const state = new Map<string, string>();
      const sink = memorySink(state);
      for await (const page of pagesAfter(range, '0-0', until)) {
        await sink('', page, changesOf(page));
        onRead(page.length);
      }
      return [...state].sort().map(([field, value]) => JSON.stringify({ field, value }));
    },
  };
}

const memorySink =
  (state: Map<string, string>): Sink =>
  async (_position, _page, changes) => {
    for (const [field, value] of changes) {
      if (value === undefined) state.delete(field);
      else state.set(field, value);
    }
  };

const fieldsOf = (redis: Redis, key: string): Fields => ({
  async *pages() {
    for await (const found of redis.hscanStream(key, { count: scanCount })) {
      const flat = found as string[];
      yield flat.flatMap((field, at): [string, string][] =>
        at % 2 === 0 && !ownFields.has(field) ? [[field, flat[at + 1] as string]] : [],
      );
    }
  },
  valuesOf: async (fields) => (fields.length > 0 ? redis.hmget(key, ...fields) : []),
});

const fieldsIn = (state: Map<string, string>): Fields => ({
  async *pages() {
    const all = [...state];
    for (let from = 0; from < all.length; from += scanCount) yield all.slice(from, from + scanCount);
  },
  valuesOf: async (fields) => fields.map((field) => state.get(field)),
});

/** Yields the fields of one projection that the other has with another value, or not at all. */
async function* unlike(one: Fields, other: Fields): AsyncGenerator<string> {
  for await (const page of one.pages()) {
    const values = await other.valuesOf(page.map(([field]) => field));
    yield* page.filter(([, value], at) => values[at] !== value).map(([field]) => field);
  }
}
