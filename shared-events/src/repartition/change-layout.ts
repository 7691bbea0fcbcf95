import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import type { Layout } from '../events/layout.ts';
import { allStreams, streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import {
  closed,
  closedKey,
  closeWatchInterval,
  layoutKey,
  layoutText,
  moverKey,
  watchInterval,
} from '../redis/layout.ts';
import type { Store } from '../redis/store.ts';
import { fenceKey, openFences } from '../streams/fence.ts';
import { pagesAfter } from '../streams/pages.ts';
import { lengthOf, streamInfo } from '../streams/stream-info.ts';
import { beginChange, type ChangeState, forgetChange, type Phase, takeStep } from './change-state.ts';
import { type CopyOptions, copyLayout } from './copy-layout.ts';
import { refuseOtherThanMultiple, sourcesOf } from './homes.ts';
import { unlinkLayout } from './unlink.ts';

/** For how long nobody reads or writes at most while one layout takes the other's place, in milliseconds. */
const closedTime = 5000;
/** How long replicas may take to have what was copied, in milliseconds: less than a command may. */
const replicaTimeout = 3000;

/** A change of the layout, the Redis, or the two, in which it happens, and who makes it. */
export interface ChangeOptions {
  source: Redis;
  /** The same as the source if the data stays there. */
  target: Store;
  state: ChangeState;
  /** who holds the lock of those who change the layout */
  holder: string;
  /** Fails if the lock is not held any more. */
  checkLock(): void;
  /** How many replicas of each node must have what was copied before it is served. */
  replicas: number;
}

/**
 * Brings data into another layout while it is read and written, and has it served from there. It may be killed at any
 * moment and run again: until the last step nothing but the old layout is served, and then nothing but the new.
 * Resolves to for how long nothing could be written, in milliseconds.
 */
export async function changeLayout(
  change: ChangeOptions,
  copying: Pick<CopyOptions, 'records' | 'projections' | 'signal' | 'onRead'>,
): Promise<number> {
  const { source, target, state, holder, checkLock } = change;
  const { from, to } = state;
  refuseOtherThanMultiple(state);
  const left = copying.records.map(({ stream }) => stream.name);
  const homeless = allStreams.find(({ name }) => !left.includes(name));
  if (homeless) throw new Failure('no_records', `No service says how ${homeless.name} is copied.`);
  if (state.phase === 'new') {
    if (target !== source) await closeTarget(target, to);
    checkLock();
    await beginChange(source, state);
  }
  const begun = performance.now();
  let fencedAt = begun;
  await copyLayout({
    ...copying,
    ...{ source, target, from, to, holder },
    async beforeFence() {
      // By then every service has seen that somebody is at it, and looks often whether it may go on.
      await delay(Math.max(0, begun + 2 * watchInterval - performance.now()), undefined, {
        signal: copying.signal,
      });
      fencedAt = performance.now();
    },
  });
  copying.signal.throwIfAborted();
  await takePlace(change);
  return performance.now() - fencedAt;
}

/** The text of the source's layout when the change is done. */
const layoutThen = ({ source, target, state }: ChangeOptions): string =>
  target === source ? layoutText(state.to) : closed;

/** Takes a change further, with the layout that the source serves. */
const step = (
  { source, holder }: ChangeOptions,
  layout: [before: string, after: string],
  phase: Phase,
  needs: string[] = [],
): Promise<void> => takeStep({ redis: source, mover: { key: moverKey, holder }, layout, phase, needs });

/** Serves the new layout in the place of the old, of which no process reads any more by then. */
async function takePlace(change: ChangeOptions): Promise<void> {
  const { source, target, state } = change;
  await replicated(target, change.replicas);
  await source.set(closedKey, 'closed', 'PX', closedTime);
  await delay(3 * closeWatchInterval);
  const fences = streamKeys(state.from).map(fenceKey);
  await step(change, [layoutText(state.from), layoutThen(change)], 'done', [closedKey, ...fences]);
  if (target === source) await replicated(source, change.replicas);
  await serveTarget(change);
}

/** Waits until so many replicas of each node have what was written there. Fails with `not_replicated`. */
async function replicated(redis: Store, replicas: number): Promise<void> {
  if (replicas === 0) return;
  const nodes: Redis[] = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const reached = await Promise.all(nodes.map((node) => node.wait(replicas, replicaTimeout)));
  if (reached.every((count) => count >= replicas)) return;
  throw new Failure('not_replicated', `Not every node has ${replicas} replicas that have all. Run it again.`);
}

/** Has the Redis that data went to serve it, if it does not yet. */
export async function serveTarget({ source, target, state }: ChangeOptions): Promise<void> {
  if (target === source || (await target.get(layoutKey)) !== closed) return;
  await target.set(layoutKey, layoutText(state.to));
}

/** Has nobody serve the Redis that data goes to, which must have none of its own. */
async function closeTarget(target: Store, to: Layout): Promise<void> {
  const refuseData = async () => {
    if ((await lengthOf(target, streamKeys(to))) === 0) return;
    throw new Failure('not_empty', 'The Redis that the data is to go to has data of its own.');
  };
  await refuseData();
  const before = await target.set(layoutKey, closed, 'GET');
  if (before === closed) return;
  await delay(2 * watchInterval);
  try {
    await refuseData();
  } catch (error) {
    await (before === null ? target.del(layoutKey) : target.set(layoutKey, before));
    throw error;
  }
}

/** Resolves to the last id that a stream of the old layout gave out before it got its fence. */
export const lastBefore = async (source: Redis, stream: string): Promise<string> =>
  (await source.get(fenceKey(stream))) ?? (await streamInfo(source, stream)).last;

/** Resolves to how many entries there are in the new layout after those that the old one has. */
async function writtenSince(
  { target, state }: ChangeOptions,
  lasts: ReadonlyMap<string, string>,
): Promise<number> {
  let count = 0;
  for (const { key } of allStreams) {
    for (const { partition, homes } of sourcesOf(state)) {
      const last = lasts.get(key(partition)) as string;
      for (const home of homes) {
        for await (const page of pagesAfter({ redis: target, stream: key(home) }, last)) count += page.length;
      }
    }
  }
  return count;
}

/**
 * Serves the old layout again, and removes the new one with all that was written since. Resolves to how many entries that
 * were. Fails with `would_lose`, and changes nothing, if there are any and they may not be lost.
 */
export async function changeBack(change: ChangeOptions, mayLose: boolean): Promise<number> {
  const { source, target, state, checkLock } = change;
  const { from, to } = state;
  const lasts = new Map<string, string>();
  for (const stream of streamKeys(from)) lasts.set(stream, await lastBefore(source, stream));
  const refuseLoss = async () => {
    const since = mayLose ? 0 : await writtenSince(change, lasts);
    if (since === 0) return;
    throw new Failure(
      'would_lose',
      `Entries that were written to the new layout alone, and would be lost: ${since}. Give --discard if they may be.`,
    );
  };

  let lost = 0;
  if (state.phase === 'done') {
    await refuseLoss();
    if (target !== source) await target.set(layoutKey, closed);
    await source.set(closedKey, 'closed', 'PX', closedTime);
    await delay(2 * watchInterval);
    try {
      await refuseLoss();
    } catch (error) {
      await source.del(closedKey);
      await serveTarget(change);
      throw error;
    }
    await step(change, [layoutThen(change), layoutText(from)], 'back', [closedKey]);
    lost = await writtenSince(change, lasts);
  } else if (state.phase === 'copying') {
    await step(change, [layoutText(from), layoutText(from)], 'back');
  }
  await openFences(source, streamKeys(from));
  // A consumer that still reads the new layout would make its stream and its group again.
  await delay(2 * watchInterval);
  await unlinkLayout(target, to, checkLock);
  if (target !== source) await target.del(layoutKey);
  checkLock();
  await forgetChange(source);
  return lost;
}

/** Removes the layout that is not served any more. Resolves to how many keys that were. */
export async function dropOld(change: ChangeOptions): Promise<number> {
  const { source, state, checkLock } = change;
  await serveTarget(change);
  await step(change, [layoutThen(change), layoutThen(change)], 'drop');
  const removed = await unlinkLayout(source, state.from, checkLock);
  checkLock();
  await forgetChange(source);
  return removed;
}
