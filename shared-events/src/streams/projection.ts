import { type RawEntry, UndecodableEntry } from '../events/entry.ts';
import type { Envelope, EventStream } from '../events/event-stream.ts';
import { hashTag, type Partition } from '../events/layout.ts';
import { readingScript, script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { evidenceArgs, evidenceLua, evidenceOf } from './evidence.ts';
import { Disturbed } from './maintenance.ts';
import { positionsKey } from './positions.ts';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const applyScript = script(evidenceLua, lua('apply-projection.lua'));
const standingScript = readingScript(evidenceLua, lua('standing.lua'));
const missedScript = script(evidenceLua, lua('missed.lua'));

/** What an entry comes to: fields of the projection that are set, or removed if there is no value. */
export type Changes = Iterable<[field: string, value: string | undefined]>;

/**
 * A fold of a stream into a hash in Redis. An event says what is, not what was before, and compaction removes events
 * that a later one supersedes: so what a fold makes of a subject must follow from the subject's last event alone, and a
 * fold never counts events or transitions.
 */
export interface Projection<Type extends string = string> {
  name: string;
  stream: Pick<EventStream<Type, unknown>, 'name' | 'key' | 'envelope'>;
  /**
   * Returns what an entry changes. The data is not decoded yet: `stream.dataOf(entry)` does it. An UndecodableEntry that
   * it throws is told, and the entry passed by. The fields `position` and `passed` are the projection's own.
   */
  fold(entry: Envelope<Type>): Changes;
}

/** Returns the key that a projection of one partition is kept in. */
export const projectionKey = ({ name }: Pick<Projection, 'name'>, partition: Partition): string =>
  `${name}:${hashTag(partition)}`;

/** A projection of one partition as it is kept in Redis, together with the position up to which it holds. */
export interface KeptProjection {
  name: string;
  /** the key of the stream's partition */
  stream: string;
  /** Resolves to the id of the last entry applied, `0-0` before the first, and tells it beside the stream. */
  position(): Promise<string>;
  /**
   * Applies a batch that follows the position `from`, and moves the position to the batch's last entry, in one
   * guarded step. If the position is no longer `from` it changes nothing. Resolves to the position it left. Fails with
   * Disturbed, and changes nothing, if the batch is not of the stream as it is on the node of the projection.
   */
  apply(from: string, batch: RawEntry[]): Promise<string>;
  /** Resolves to how many entries were removed from the stream before it came to them; each is told once. */
  missed(): Promise<number>;
  /** Resolves to whether the stream still has what the projection was made of. */
  standing(): Promise<Standing>;
}

/**
 * `whole`, or `lost`: the stream has lost entries that the projection has applied, and has what came before them.
 * `unknown` if it ends before the projection's position, and its beginning is gone as well.
 */
type Standing = 'whole' | 'lost' | 'unknown';

interface KeepOptions {
  redis: Store;
  projection: Projection;
  partition: Partition;
  /** Told of each entry that cannot be understood. */
  onUndecodable(error: UndecodableEntry): void;
}

/** Keeps a projection of one partition. */
export function keptProjection({ redis, projection, partition, onUndecodable }: KeepOptions): KeptProjection {
  const { name } = projection;
  const stream = projection.stream.key(partition);
  const key = projectionKey(projection, partition);
  const positions = positionsKey(stream);
  return {
    name,
    stream,
    async position() {
      const [own, told] = await Promise.all([redis.hget(key, 'position'), redis.hget(positions, name)]);
      const position = own ?? '0-0';
      if (told !== position) await redis.hset(positions, name, position);
      return position;
    },
    apply: (from, batch) =>
      applyTo(
        { redis, keys: [stream, key, positions], name },
        from,
        batch,
        foldAll(projection, batch, onUndecodable),
      ),
    missed: async () => Number(await missedScript(redis, [stream, key], [])),
    standing: async () => (await standingScript(redis, [stream, key], [])) as Standing,
  };
}

interface Target {
  redis: Store;
  /** the stream, the projection and, unless it is still being built, the stream's positions */
  keys: string[];
  name: string;
}

/** Applies what a batch that follows `from` comes to. Resolves to the position it leaves; see `KeptProjection.apply`. */
export async function applyTo(
  { redis, keys, name }: Target,
  from: string,
  batch: RawEntry[],
  changes: Map<string, string | undefined>,
): Promise<string> {
  const set: string[] = [];
  const removed: string[] = [];
  for (const [field, value] of changes) {
    if (value === undefined) removed.push(field);
    else set.push(field, value);
  }
  const last = evidenceArgs(evidenceOf(batch.at(-1)));
  const args = [name, from, ...last, batch.length, set.length / 2, ...set, ...removed];
  const position = (await applyScript(redis, keys, args)) as string;
  if (position === 'foreign') throw new Disturbed(`what was read of ${keys[0]} is not in it`);
  return position;
}

/** Returns what a batch comes to: the last value of each field it touches. */
export function foldAll(
  { stream, fold }: Projection,
  batch: RawEntry[],
  onUndecodable: (error: UndecodableEntry) => void,
): Map<string, string | undefined> {
  const changes = new Map<string, string | undefined>();
  for (const raw of batch) {
    try {
      for (const [field, value] of fold(stream.envelope(raw))) changes.set(field, value);
    } catch (error) {
      if (!(error instanceof UndecodableEntry)) throw error;
      onUndecodable(error);
    }
  }
  return changes;
}
