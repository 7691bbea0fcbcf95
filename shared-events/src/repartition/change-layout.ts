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
  watchInterval,
} from '../redis/layout.ts';
import type { Store } from '../redis/store.ts';
import { fenceKey } from '../streams/fence.ts';
import { lengthOf } from '../streams/stream-info.ts';
import { beginChange } from './change-state.ts';
import { type ChangeOptions, closeSource, layoutThen, serveTarget, takeStep } from './change-step.ts';
import { type CopyOptions, copyLayout } from './copy-layout.ts';
import { refuseOtherThanMultiple } from './homes.ts';

/** How long replicas may take to have what was copied, in milliseconds: less than a command may. */
const replicaTimeout = 3000;

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

/** Serves the new layout in the place of the old, of which no process reads any more by then. */
async function takePlace(change: ChangeOptions): Promise<void> {
  const { source, target, state } = change;
  await replicated(target, change.replicas);
  await closeSource(change);
  await delay(3 * closeWatchInterval);
  const fences = streamKeys(state.from).map(fenceKey);
  await takeStep(change, [layoutText(state.from), layoutThen(change)], 'done', [closedKey, ...fences]);
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
