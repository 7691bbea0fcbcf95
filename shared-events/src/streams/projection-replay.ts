import type { Redis } from 'ioredis';
import { Failure } from '../failure.ts';
import { script } from '../redis/script.ts';
import { endOf, pagesAfter } from './pages.ts';
import { positionsKey } from './positions.ts';
import { applyTo, foldAll, type Projection, projectionKey } from './projection.ts';
import type { ReplayTarget } from './replay-target.ts';

const swapScript = script(new URL('lua/swap-projection.lua', import.meta.url));

/** The fields that a projection keeps beside those of its fold. */
const ownFields = new Set(['position', 'passed']);
/** How many fields are compared at once. */
const scanCount = 1000;

/**
 * Returns what a replay does with a projection of one partition: it is built anew beside the live one, which it then
 * replaces in one step. An entry that cannot be understood is passed by, as in following.
 */
export function projectionReplay(redis: Redis, projection: Projection, partition: number): ReplayTarget {
  const stream = projection.stream.key(partition);
  const range = { redis, stream };
  const live = projectionKey(projection, partition);
  const shadow = `${live}:replay`;
  const target = { redis, keys: [shadow], name: projection.name };
  const changesOf = (page: Parameters<typeof foldAll>[1]) => foldAll(projection, page, () => undefined);

  async function build(signal: AbortSignal, onRead: (entries: number) => void): Promise<void> {
    await redis.unlink(shadow);
    let position = '0-0';
    for await (const page of pagesAfter(range, position)) {
      signal.throwIfAborted();
      const end = page.at(-1)?.[0];
      position = await applyTo(target, position, page, changesOf(page));
      if (position !== end) throw new Failure('held_by_another', `Another replay builds ${shadow} as well.`);
      onRead(page.length);
    }
  }

  /** Yields the fields of one projection that the other has with another value, or not at all. */
  async function* unlike(one: string, other: string): AsyncGenerator<string> {
    for await (const found of redis.hscanStream(one, { count: scanCount })) {
      const pairs = found as string[];
      const fields = pairs.filter((_, at) => at % 2 === 0);
      const values = fields.length > 0 ? await redis.hmget(other, ...fields) : [];
      yield* fields.filter((field, at) => !ownFields.has(field) && values[at] !== pairs[2 * at + 1]);
    }
  }

  /** Resolves to the fields that the two do not agree on, without those that changed while they were compared. */
  async function differences(since: string): Promise<string[]> {
    const fields = new Set<string>();
    for await (const field of unlike(live, shadow)) fields.add(field);
    for await (const field of unlike(shadow, live)) fields.add(field);
    for await (const page of pagesAfter(range, since)) {
      for (const field of changesOf(page).keys()) fields.delete(field);
    }
    return [...fields].sort();
  }

  return {
    stream,
    async replay(mode, signal, onRead, onDifference) {
      const since = await endOf(range);
      await build(signal, onRead);
      for (const field of await differences(since)) {
        onDifference(`${projection.name} has ${field} not as the events say`);
      }
      signal.throwIfAborted();
      if (mode === 'verify') await redis.unlink(shadow);
      else await swapScript(redis, [shadow, live, positionsKey(stream)], [projection.name]);
    },
    async stateAt(until, onRead) {
      const state = new Map<string, string>();
      for await (const page of pagesAfter(range, '0-0', until)) {
        for (const [field, value] of changesOf(page)) {
          if (value === undefined) state.delete(field);
          else state.set(field, value);
        }
        onRead(page.length);
      }
      return [...state].sort().map(([field, value]) => JSON.stringify({ field, value }));
    },
  };
}
