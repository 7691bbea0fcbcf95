import { setTimeout as delay } from 'node:timers/promises';
import { type RawEntry, subjectOf, type UndecodableEntry } from '../events/entry.ts';
import type { Partition } from '../events/layout.ts';
import { script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from './entry-id.ts';
import { undisturbed } from './maintenance.ts';
import { endOf, pagesAfter, type StreamRange } from './pages.ts';
import { positionsKey } from './positions.ts';
import { foldAll, type Projection, projectionKey } from './projection.ts';
import { fieldsInMemory, fieldsInRedis, heldAgainst, type ProjectionFields } from './projection-fields.ts';
import { type ReplayTarget, unreadable } from './replay-target.ts';

const swapScript = script(new URL('lua/swap-projection.lua', import.meta.url));

/**
 * Returns what a replay does with a projection of one partition: it is built anew beside the live one, which it then
 * replaces in one step; to verify, it is built in memory, so that nothing is written. An entry that cannot be understood
 * is passed by, as in following.
 */
export function projectionReplay(redis: Store, projection: Projection, partition: Partition): ReplayTarget {
  const { name } = projection;
  const stream = projection.stream.key(partition);
  const range = { redis, stream };
  const live = projectionKey(projection, partition);
  const shadow = `${live}:replay`;

  return {
    stream,
    async replay(mode, signal, { onRead, onDifference, onUnreadable }) {
      const since = await endOf(range);
      await applied(redis, live, since, signal);
      const inRedis = (key: string) => fieldsInRedis(redis, stream, key, name);
      const built = heldAgainst(inRedis(live), mode === 'replay' ? inRedis(shadow) : fieldsInMemory());
      const read = (from: string, told: (entries: number) => void) =>
        build({ range, projection, built, from, signal, onRead: told });
      const { position, unread } = await undisturbed(range, async () => {
        await built.clear();
        return read('0-0', onRead);
      });
      const differing = await built.differing();
      for (const field of await settledDifferences({ range, projection, differing, since })) {
        onDifference(`${name} ${field} is not what the events say`);
      }
      for (const what of unread.values()) onUnreadable(what);
      if (mode === 'verify') return;
      // What came while the two were compared would else be missing until it is followed again.
      await read(position, () => undefined);
      signal.throwIfAborted();
      await swapScript(redis, [shadow, live, positionsKey(stream)], [name]);
    },
    async stateAt(until, onRead) {
      const state = new Map<string, string>();
      const built = fieldsInMemory(state);
      for await (const page of pagesAfter(range, '0-0', until)) {
        await built.take('', page, foldAll(projection, page, ignore));
        onRead(page.length);
      }
      return [...state].sort().map(([field, value]) => JSON.stringify({ field, value }));
    },
  };
}

const ignore = () => undefined;

/** How long whoever follows the stream may take to apply what was just written, in milliseconds. */
const applyTimeout = 1000;

/** Waits until a projection has come to an entry, or a second: what it has yet to apply is no difference. */
async function applied(redis: Store, projection: string, id: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + applyTimeout;
  for (;;) {
    const position = await redis.hget(projection, 'position');
    if (position === null || compareIds(position, id) >= 0 || performance.now() > deadline) return;
    await delay(20, undefined, { signal });
  }
}

interface Building {
  range: StreamRange;
  projection: Projection;
  built: Pick<ProjectionFields, 'take'>;
  /** The position to read on from. */
  from: string;
  signal: AbortSignal;
  onRead(entries: number): void;
}

/**
 * Reads a stream into a projection, up to its end. Resolves to where that is, and to what there is to say of the entries,
 * by subject, that cannot be understood and that nothing readable follows.
 */
async function build({ range, projection, built, from, signal, onRead }: Building) {
  const unread = new Map<string, string>();
  let position = from;
  for await (const page of pagesAfter(range, from)) {
    signal.throwIfAborted();
    const wrong = new Map<string, UndecodableEntry>();
    const changes = foldAll(projection, page, (error) => wrong.set(error.entryId, error));
    await built.take(position, page, changes);
    position = page.at(-1)?.[0] ?? position;
    for (const entry of page) noteUnread(unread, entry, wrong.get(entry[0]));
    onRead(page.length);
  }
  return { position, unread };
}

function noteUnread(unread: Map<string, string>, entry: RawEntry, error: UndecodableEntry | undefined): void {
  const subject = subjectOf(entry);
  if (error) unread.set(subject || entry[0], unreadable(error, subject));
  else unread.delete(subject);
}

interface Comparing {
  range: StreamRange;
  projection: Projection;
  differing: ReadonlySet<string>;
  /** Where the stream ended before the projection was built. */
  since: string;
}

/** Resolves to the fields that differ, without those that changed meanwhile. */
async function settledDifferences({ range, projection, differing, since }: Comparing): Promise<string[]> {
  const fields = new Set(differing);
  for await (const page of pagesAfter(range, since)) {
    for (const field of foldAll(projection, page, ignore).keys()) fields.delete(field);
  }
  return [...fields].sort();
}
