import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Layout } from '../events/layout.ts';
import { allStreams, streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import {
  closed,
  closedKey,
  closeWatchInterval,
  layoutKey,
  layoutText,
  watchInterval,
} from '../redis/layout.ts';
import { script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { fenceKey, openFences } from '../streams/fence.ts';
import { pagesAfter } from '../streams/pages.ts';
import { streamInfo } from '../streams/stream-info.ts';
import { type ChangeState, forgetChange, writeChange } from './change-state.ts';
import { type CopyOptions, copyLayout } from './copy-layout.ts';
import { refuseOtherThanMultiple, sourcesOf } from './homes.ts';
import { unlinkLayout } from './unlink.ts';

const switchScript = script(new URL('lua/switch.lua', import.meta.url));

/** For how long nobody reads or writes at most while one layout takes the other's place, in milliseconds. */
const closedTime = 5000;

/** A change of the layout, and the Redis, or the two, in which it happens. */
export interface ChangeOptions {
  source: Redis;
  /** The same as the source if the data stays there. */
  target: Store;
  state: ChangeState;
}

/**
 * Brings data into another layout while it is read and written, and has it served from there. It may be killed at any
 * moment and run again: until the last step nothing but the old layout is served, and then nothing but the new.
 * Resolves to for how long nothing could be written, in milliseconds.
 */
export async function changeLayout({
  source,
  target,
  state,
  ...options
}: ChangeOptions & Omit<CopyOptions, 'target' | 'from' | 'to' | 'beforeFence'>): Promise<number> {
  const { from, to } = state;
  refuseOtherThanMultiple(state);
  const left = options.records.map(({ stream }) => stream.name);
  const homeless = allStreams.find(({ name }) => !left.includes(name));
  if (homeless) throw new Failure('no_records', `No service says how ${homeless.name} is copied.`);
  if (target !== source) await closeTarget(target, to);
  await writeChange(source, state);
  const begun = performance.now();
  let fencedAt = begun;
  await copyLayout({
    ...options,
    ...{ source, target, from, to },
    async beforeFence() {
      // By then every service has seen that somebody is at it, and looks often whether it may go on.
      await delay(Math.max(0, begun + 2 * watchInterval - performance.now()), undefined, {
        signal: options.signal,
      });
      fencedAt = performance.now();
    },
  });
  options.signal.throwIfAborted();
  await takePlace({ source, target, state });
  return performance.now() - fencedAt;
}

/** Serves the new layout in the place of the old, of which no process reads any more by then. */
async function takePlace({ source, target, state }: ChangeOptions): Promise<void> {
  const { from, to } = state;
  await source.set(closedKey, 'closed', 'PX', closedTime);
  await delay(3 * closeWatchInterval);
  const fences = streamKeys(from).map(fenceKey);
  const next = target === source ? layoutText(to) : closed;
  if ((await switchScript(source, [layoutKey, closedKey, ...fences], [next])) !== 1) {
    throw new Failure(
      'too_late',
      'The old layout took entries again before the new one was in its place. Run it again.',
    );
  }
  await endMove({ source, target, state });
}

/** Ends a change whose old layout is not served any more. */
export async function endMove({ source, target, state }: ChangeOptions): Promise<void> {
  if (target !== source) await target.set(layoutKey, layoutText(state.to));
  await writeChange(source, { ...state, isDone: true });
}

/** Has nobody serve the Redis that data goes to, which must have none of its own. */
async function closeTarget(target: Store, to: Layout): Promise<void> {
  const before = await target.set(layoutKey, closed, 'GET');
  if (before === closed) return;
  await delay(2 * watchInterval);
  const lengths = await Promise.all(streamKeys(to).map((stream) => target.xlen(stream)));
  if (lengths.every((length) => length === 0)) return;
  await (before === null ? target.del(layoutKey) : target.set(layoutKey, before));
  throw new Failure('not_empty', 'The Redis that the data is to go to has data of its own.');
}

/** Resolves to how many entries were written since the new layout took the old one's place. */
export async function writtenSince({ source, target, state }: ChangeOptions): Promise<number> {
  let count = 0;
  for (const { key } of allStreams) {
    for (const { partition, homes } of sourcesOf(state)) {
      const last = await lastBefore(source, key(partition));
      for (const home of homes) {
        for await (const page of pagesAfter({ redis: target, stream: key(home) }, last)) count += page.length;
      }
    }
  }
  return count;
}

/** Resolves to the last id that a stream of the old layout gave out. */
export const lastBefore = async (source: Redis, stream: string): Promise<string> =>
  (await source.get(fenceKey(stream))) ?? (await streamInfo(source, stream)).last;

/** Serves the old layout again, and removes the new one with all that was written since. */
export async function changeBack({ source, target, state }: ChangeOptions): Promise<void> {
  const { from, to } = state;
  if ((await source.get(layoutKey)) !== layoutText(from)) {
    if (target !== source) await target.set(layoutKey, closed);
    await source.set(closedKey, 'closed', 'PX', closedTime);
    await delay(2 * watchInterval);
    await writeChange(source, { ...state, isDone: false });
    await source.set(layoutKey, layoutText(from));
    await source.del(closedKey);
  }
  await openFences(source, streamKeys(from));
  // A consumer that still reads the new layout would make its stream and its group again.
  await delay(2 * watchInterval);
  await unlinkLayout(target, to);
  if (target !== source) await target.del(layoutKey);
  await forgetChange(source);
}

/** Removes the layout that is not served any more. */
export async function dropOld({ source, state }: ChangeOptions): Promise<number> {
  const removed = await unlinkLayout(source, state.from);
  await forgetChange(source);
  return removed;
}
