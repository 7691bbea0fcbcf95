import type { Redis } from 'ioredis';
import { partitionsOf } from '../events/layout.ts';
import { streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { recordsReplay } from '../records/replay.ts';
import { partitionKeys } from '../redis/partition-keys.ts';
import { changeLayout } from '../repartition/change-layout.ts';
import type { ChangeState } from '../repartition/change-state.ts';
import { type ChangeOptions, serveTarget } from '../repartition/change-step.ts';
import { compareStreams } from '../repartition/compare.ts';
import type { Kept } from '../repartition/copy-layout.ts';
import { changeBack, dropOld, lastBefore } from '../repartition/end-change.ts';
import { sourcesOf } from '../repartition/homes.ts';
import { withStreamLock } from '../streams/maintenance.ts';
import { projectionReplay } from '../streams/projection-replay.ts';
import { lengthOf } from '../streams/stream-info.ts';
import { holderOf, say } from './command.ts';
import { counted, countedEntries } from './counted.ts';
import { progress } from './progress.ts';
import type { Replayable } from './replay.ts';
import { workspacesWith } from './workspaces.ts';

// What `npm run repartition` does, and what it prints.

/** What the services of this project keep. */
async function keptByServices(): Promise<Kept> {
  const modules = workspacesWith('src/replayable.ts').map(({ path }) => import(path));
  const all = (await Promise.all(modules)) as { replayable: Replayable }[];
  return {
    records: all.flatMap(({ replayable: { records = [] } }) => records),
    projections: all.flatMap(({ replayable: { projections = [] } }) => projections),
  };
}

/** Why some things cannot be done with a change that is so far. */
const reasons = {
  copying: [
    'not_done',
    'The old layout is the one that is served: go on with the change, or take it --back.',
  ],
  back: ['going_back', 'The change is being taken back: run --back again.'],
  drop: ['dropping', 'The old layout is being removed: run --drop-old again.'],
} as const;

/** Fails, with the reason, if a change is as far as one of these. */
function refuseIf({ phase }: ChangeState, ...phases: (keyof typeof reasons)[]): void {
  const found = phases.find((each) => each === phase);
  if (found === undefined) return;
  const [code, reason] = reasons[found];
  throw new Failure(code, reason);
}

/** Brings the data into the new layout, or goes on with that, and says what it took. */
export async function move(change: ChangeOptions, signal: AbortSignal): Promise<void> {
  const { source, state } = change;
  const { from, to } = state;
  refuseIf(state, 'back', 'drop');
  if (state.phase === 'done') {
    // It may have been killed between the two last steps of a move to another Redis.
    await serveTarget(change);
    say(`The data has ${counted(to.partitions, 'partition')} already.`);
    return;
  }
  const kept = await keptByServices();
  const streams = streamKeys(from);
  const bar = progress({ out: process.stderr, label: 'copy', total: await lengthOf(source, streams) });
  const pause = await withLocks(source, streams, signal, (held) =>
    changeLayout(change, { ...kept, signal: held, onRead: bar.add }),
  );
  const { done, seconds, inAll } = bar.end();
  const rate = Math.round(done / Math.max(seconds, 0.001));
  say(
    `${from.partitions} → ${counted(to.partitions, 'partition')}: ${countedEntries(done)} in ${seconds.toFixed(1)} s (${rate}/s); nothing could be written for ${(pause / 1000).toFixed(1)} s; ${inAll.toFixed(1)} s in all`,
  );
  say('Compare the two with --verify; then remove the old layout with --drop-old, or go --back.');
}

/** Keeps compactions and replays of some streams away while something is done. */
function withLocks<T>(
  redis: Redis,
  [stream, ...others]: readonly string[],
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (stream === undefined) return work(signal);
  return withStreamLock({ redis, stream, holder: holderOf('repartition') }, (lost) =>
    withLocks(redis, others, AbortSignal.any([signal, lost]), work),
  );
}

/** Compares the new layout with the old, and what is made of its streams with them. The exit code is 1 if they differ. */
export async function verify({ source, target, state }: ChangeOptions): Promise<void> {
  refuseIf(state, 'copying', 'back', 'drop');
  const { records, projections } = await keptByServices();
  const listKeys = partitionKeys(target);
  const targets = partitionsOf(state.to).flatMap((partition) => [
    ...records.map((set) => recordsReplay(target, set, partition, state.to, listKeys)),
    ...projections.map((projection) => projectionReplay(target, projection, partition)),
  ]);
  const copied = await lengthOf(source, streamKeys(state.from));
  const replayed = targets.map(({ stream }) => stream);
  const total = copied + (await lengthOf(target, replayed));
  const bar = progress({ out: process.stderr, label: 'verify', total });
  let differences = 0;
  const observer = {
    onRead: bar.add,
    onDifference(what: string) {
      differences += 1;
      say(what);
    },
    onUnreadable: (what: string) => say(what),
  };
  for (const set of records) {
    for (const each of sourcesOf(state)) {
      const last = await lastBefore(source, set.stream.key(each.partition));
      await compareStreams({ from: source, into: target, set, source: each, last, ...observer });
    }
  }
  for (const { stream, replay } of targets) {
    const lock = { redis: target, stream, holder: holderOf('repartition --verify') };
    await withStreamLock(lock, (signal) => replay('verify', signal, observer));
  }
  bar.end();
  say(`${countedEntries(copied)} compared, and what is made of them: ${counted(differences, 'difference')}`);
  if (differences > 0) process.exitCode = 1;
}

/** Takes a change back. Fails with `would_lose` if entries were written since, unless they may be lost. */
export async function back(change: ChangeOptions, discard: boolean): Promise<void> {
  const { state } = change;
  refuseIf(state, 'drop');
  const lost = await changeBack(change, discard);
  const loss = lost > 0 ? `; lost: ${countedEntries(lost)}` : '';
  say(`The data has ${counted(state.from.partitions, 'partition')} again${loss}.`);
}

/** Removes the old layout. Fails with `not_done` while it is the one that is served. */
export async function drop(change: ChangeOptions): Promise<void> {
  refuseIf(change.state, 'copying', 'back');
  say(`Of the old layout ${counted(await dropOld(change), 'key')} removed`);
}
