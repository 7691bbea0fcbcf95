import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { allStreams, streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { closed, closedKey, layoutKey, layoutText, watchInterval } from '../redis/layout.ts';
import { fenceKey, openFences } from '../streams/fence.ts';
import { pagesAfter } from '../streams/pages.ts';
import { streamInfo } from '../streams/stream-info.ts';
import { forgetChange } from './change-state.ts';
import { type ChangeOptions, closeSource, layoutThen, serveTarget, takeStep } from './change-step.ts';
import { sourcesOf } from './homes.ts';
import { unlinkLayout } from './unlink.ts';

// The two ways in which a change of the layout ends: the new layout is removed, or the old one.

/**
 * Serves the old layout again, and removes the new one with all that was written since. Resolves to how many entries that
 * were. Fails with `would_lose`, and changes nothing, if there are any and they may not be lost.
 */
export async function changeBack(change: ChangeOptions, mayLose: boolean): Promise<number> {
  const { source, target, state, checkLock } = change;
  const before = layoutText(state.from);
  const lost = state.phase === 'done' ? await serveOld(change, mayLose) : 0;
  if (state.phase === 'copying') await takeStep(change, [before, before], 'back');
  await openFences(source, streamKeys(state.from));
  // A consumer that still reads the new layout would make its stream and its group again.
  await delay(2 * watchInterval);
  await unlinkLayout(target, state.to, checkLock);
  if (target !== source) await target.del(layoutKey);
  checkLock();
  await forgetChange(source);
  return lost;
}

/** Has nobody use the new layout any more. Resolves to how many entries it alone has, and fails as `changeBack` does. */
async function serveOld(change: ChangeOptions, mayLose: boolean): Promise<number> {
  const { source, target, state } = change;
  await refuseLoss(change, mayLose);
  if (target !== source) await target.set(layoutKey, closed);
  await closeSource(change);
  await delay(2 * watchInterval);
  try {
    // What was answered until then.
    await refuseLoss(change, mayLose);
  } catch (error) {
    await source.del(closedKey);
    await serveTarget(change);
    throw error;
  }
  await takeStep(change, [layoutThen(change), layoutText(state.from)], 'back', [closedKey]);
  return writtenSince(change);
}

async function refuseLoss(change: ChangeOptions, mayLose: boolean): Promise<void> {
  const since = mayLose ? 0 : await writtenSince(change);
  if (since === 0) return;
  throw new Failure(
    'would_lose',
    `Entries that were written to the new layout alone, and would be lost: ${since}. Give --discard if they may be.`,
  );
}

/** Resolves to how many entries there are in the new layout after those that the old one has, as long as that has fences. */
async function writtenSince({ source, target, state }: ChangeOptions): Promise<number> {
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

/** Resolves to the last id that a stream of the old layout gave out before it got its fence. */
export const lastBefore = async (source: Redis, stream: string): Promise<string> =>
  (await source.get(fenceKey(stream))) ?? (await streamInfo(source, stream)).last;

/** Removes the layout that is not served any more. Resolves to how many keys that were. */
export async function dropOld(change: ChangeOptions): Promise<number> {
  const { source, state, checkLock } = change;
  await serveTarget(change);
  await takeStep(change, [layoutThen(change), layoutThen(change)], 'drop');
  const removed = await unlinkLayout(source, state.from, checkLock);
  checkLock();
  await forgetChange(source);
  return removed;
}
