import { createWriteStream } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type Layout, type Partition, partitionsOf } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import { tellParent } from '../operator/replay-news.ts';
import { type RecordSet, recordsReplay } from '../records/replay.ts';
import { type ListKeys, partitionKeys } from '../redis/partition-keys.ts';
import type { Store } from '../redis/store.ts';
import { refuseCompacted, withStreamLock } from '../streams/maintenance.ts';
import type { Projection } from '../streams/projection.ts';
import { projectionReplay } from '../streams/projection-replay.ts';
import type { ReplayMode, ReplayTarget } from '../streams/replay-target.ts';
import { lengthOf } from '../streams/stream-info.ts';
import { command, entryId, holderOf, say, withRedis } from './command.ts';
import { counted, countedEntries } from './counted.ts';
import { progress } from './progress.ts';

/** What of a service can be replayed. */
export interface Replayable {
  projections?: readonly Projection[];
  records?: readonly RecordSet[];
}

/** Opens one partition for a replay. */
type OpenTarget = (redis: Store, partition: Partition, layout: Layout, listKeys: ListKeys) => ReplayTarget;

const targetsOf = ({ projections = [], records = [] }: Replayable) =>
  new Map<string, OpenTarget>([
    ...projections.map((each): [string, OpenTarget] => [
      each.name,
      (redis, partition) => projectionReplay(redis, each, partition),
    ]),
    ...records.map((each): [string, OpenTarget] => [
      each.name,
      (...at) => {
        const [redis, partition, layout, listKeys] = at;
        return recordsReplay(redis, each, partition, layout, listKeys);
      },
    ]),
  ]);

const options = {
  verify: { type: 'boolean' },
  until: { type: 'string' },
  to: { type: 'string' },
  list: { type: 'boolean' },
  decline: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Returns the help of the command, for these names. */
export const replayHelp = (
  names: string[],
) => `Replays a stream: makes what is kept of it again from the stream itself, while reads and writes go on.

  npm run replay -- NAME                          NAME is ${names.join(', ')}${names.length > 1 ? ', or all' : ''}
  npm run replay -- NAME --verify                 change nothing, print each difference; exit code 1 if there is one
                                                  (or, without --verify too, an entry that cannot be understood)
  npm run replay -- NAME --until WHEN --to FILE   write the state as it was, as JSON lines; WHEN is an entry id
                                                  (1795383360000-0) or a time (2026-11-22T21:36:00Z)

It may be stopped at any moment and run again.
Environment: REDIS_HOST, REDIS_PORT or REDIS_CLUSTER, REDIS_USERNAME, REDIS_PASSWORD and REDIS_TLS, as for the services.`;

/** The exit code of a service that is asked, with --decline, for what is not its own. */
export const declined = 3;

/**
 * Runs the replays of a service as a command. Ends with 0; with 1 if --verify found a difference, or if an entry could
 * not be understood; and with 2 if it could not do what was asked, after saying why. With --list it prints the names of
 * what can be replayed, a line each.
 */
export const replayCommand = (replayable: Replayable, args: string[]): Promise<void> =>
  command(async () => {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const targets = targetsOf(replayable);
    const names = [...targets.keys()];
    if (values.list) return names.forEach(say);
    if (values.decline && !names.includes(positionals[0] ?? '')) {
      process.exitCode = declined;
      return;
    }
    if (values.help || positionals.length === 0) return void say(replayHelp(names));
    const chosen = chooseNames(names, positionals);
    const asOf = values.until !== undefined || values.to !== undefined ? pastState(values) : undefined;
    // Requests come first when processors are short.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    await withRedis(async (redis, layout) => {
      const listKeys = partitionKeys(redis);
      for (const name of chosen) {
        const open = targets.get(name) as OpenTarget;
        const partitions = partitionsOf(layout).map((partition) => open(redis, partition, layout, listKeys));
        if (asOf) await writeState(name, partitions, redis, asOf);
        else await replay(name, partitions, redis, values.verify ? 'verify' : 'replay');
      }
    });
  });

/** Returns the names that are wanted, or all. Fails with `unknown_projection`. */
export function chooseNames(names: string[], wanted: string[]): string[] {
  const chosen = wanted.includes('all') ? names : wanted;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown === undefined) return chosen;
  throw new Failure(
    'unknown_projection',
    `${unknown} cannot be replayed here; there is: ${names.join(', ')}.`,
  );
}

const streamsOf = (targets: ReplayTarget[]) => targets.map(({ stream }) => stream);

async function replay(name: string, targets: ReplayTarget[], redis: Store, mode: ReplayMode) {
  let differences = 0;
  let unread = 0;
  const total = await lengthOf(redis, streamsOf(targets));
  const bar = progress({ out: process.stderr, label: name, total });
  const parent = tellParent(total);
  const observer = {
    onRead(entries: number) {
      bar.add(entries);
      parent.read(entries);
    },
    onDifference(what: string) {
      differences += 1;
      parent.differs(what);
      if (mode === 'verify') say(what);
    },
    onUnreadable(what: string) {
      unread += 1;
      parent.differs(what);
      say(what);
    },
  };
  for (const target of targets) {
    const lock = { redis, stream: target.stream, holder: holderOf(`replay of ${name}`) };
    await withStreamLock(lock, (signal) => target.replay(mode, signal, observer));
  }
  parent.end();
  const { done, seconds, inAll } = bar.end();
  const rate = Math.round(done / Math.max(seconds, 0.001));
  const found = [
    mode === 'verify' ? counted(differences, 'difference') : `${differences} changed`,
    ...(unread > 0 ? [`${unread} not understood`] : []),
  ];
  say(
    `${name}: ${countedEntries(done)} in ${seconds.toFixed(1)} s (${rate}/s), ${found.join(', ')}; ${inAll.toFixed(1)} s in all`,
  );
  if (unread > 0 || (mode === 'verify' && differences > 0)) process.exitCode = 1;
}

async function writeState(name: string, targets: ReplayTarget[], redis: Store, { until, file }: PastState) {
  const bar = progress({
    out: process.stderr,
    label: name,
    total: await lengthOf(redis, streamsOf(targets)),
  });
  const lines: string[] = [];
  for (const target of targets) {
    lines.push(...(await target.stateAt(until, bar.add)));
    // Asked afterwards: a compaction marks the stream before it removes anything.
    await refuseCompacted({ redis, stream: target.stream }, until);
  }
  await pipeline(
    lines.map((line) => `${line}\n`),
    createWriteStream(file),
  );
  const { done, seconds } = bar.end();
  say(
    `${name}: ${lines.length} as of ${until} written to ${file}, from ${countedEntries(done)} in ${seconds.toFixed(1)} s`,
  );
}

interface PastState {
  until: string;
  file: string;
}

function pastState({ until, to }: { until?: string | undefined; to?: string | undefined }): PastState {
  const id = entryId(until);
  if (id === undefined) {
    const example = new Date().toISOString();
    throw new Failure(
      'no_time',
      `Say with --until an entry id such as 1795383360000-0, or a time such as ${example}.`,
    );
  }
  if (to === undefined) throw new Failure('no_file', 'Say with --to which file the state is written to.');
  return { until: id, file: to };
}
