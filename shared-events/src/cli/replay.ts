import { createWriteStream } from 'node:fs';
import { constants, hostname, setPriority } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { Failure } from '../failure.ts';
import { type Mode, type RecordProjection, rebuildRecords, stateAt } from '../records/replay.ts';
import { exclusively } from '../redis/exclusive.ts';
import { command, entryId, say, withRedis } from './command.ts';
import { progress } from './progress.ts';
import { tellParent } from './tell-parent.ts';

/** What can be rebuilt: one partition at a time. */
export interface ReplayTarget {
  /** the key of the stream's partition */
  stream: string;
  /**
   * Puts right, or in mode `verify` only compares, what is kept. Tells of the entries it reads, and of each
   * difference: in a word what it is about.
   */
  rebuild(
    mode: Mode,
    signal: AbortSignal,
    onRead: (entries: number) => void,
    onDifference: (what: string) => void,
  ): Promise<void>;
  /** Resolves to the state as it was at an id, a JSON text for each thing there was, in order. */
  stateAt(until: string, onRead: (entries: number) => void): Promise<string[]>;
}

/** The projections of a service by name, each for one partition. */
export type ReplayTargets = Record<
  string,
  (redis: Redis, partition: number, partitions: number) => ReplayTarget
>;

/** Makes the records of one kind of thing something to rebuild. @param noun what differences call it */
export const recordsTarget = (redis: Redis, projection: RecordProjection, noun: string): ReplayTarget => ({
  stream: projection.stream,
  rebuild: (mode, signal, onRead, onDifference) =>
    rebuildRecords({
      redis,
      projection,
      mode,
      signal,
      onRead,
      onDifference: ({ subject }) => onDifference(`${noun} ${subject} is not what its events say`),
    }),
  stateAt: async (until, onRead) =>
    (await stateAt({ redis, projection, onRead }, until)).map(({ data }) => data),
});

const options = {
  verify: { type: 'boolean' },
  until: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = (
  names: string[],
) => `Rebuilds what is kept of a stream from the stream itself, while reads and writes go on.

  npm run replay -- NAME                          rebuild; NAME is ${names.join(', ')}${names.length > 1 ? ', or all' : ''}
  npm run replay -- NAME --verify                 change nothing, print each difference; exit code 1 if there is one
  npm run replay -- NAME --until WHEN --to FILE   write the state as it was, as JSON lines; WHEN is an entry id
                                                  (1795383360000-0) or a time (2026-11-22T21:36:00Z)

It may be stopped at any moment and run again.
Environment: REDIS_HOST, REDIS_PORT, REDIS_USERNAME, REDIS_PASSWORD, REDIS_TLS and PARTITIONS, as for the services.`;

/**
 * Runs the replay command of a service. It ends with 0, with 1 if --verify found a difference, and with 2 if it could
 * not do what was asked, after saying why.
 */
export const replayCommand = (targets: ReplayTargets): Promise<void> =>
  command(async () => {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const names = Object.keys(targets);
    if (values.help || positionals.length === 0) return void say(help(names));
    const chosen = choose(names, positionals);
    const asOf = values.until !== undefined || values.to !== undefined ? pastState(values) : undefined;
    // Requests come first when processors are short.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    await withRedis(async (redis, config) => {
      for (const name of chosen) {
        const partitions = Array.from({ length: config.PARTITIONS }, (_, partition) =>
          (targets[name] as ReplayTargets[string])(redis, partition, config.PARTITIONS),
        );
        if (asOf) await writeState(name, partitions, redis, asOf);
        else await replay(name, partitions, redis, values.verify ? 'verify' : 'replay');
      }
    });
  });

function choose(names: string[], wanted: string[]): string[] {
  const chosen = wanted.includes('all') ? names : wanted;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown === undefined) return chosen;
  throw new Failure(
    'unknown_projection',
    `${unknown} cannot be replayed here; there is: ${names.join(', ')}.`,
  );
}

async function replay(name: string, targets: ReplayTarget[], redis: Redis, mode: Mode) {
  const holder = `${hostname()}:${process.pid} (${name}, since ${new Date().toISOString()})`;
  const work = async (signal: AbortSignal) => {
    let differences = 0;
    const total = await lengthOf(redis, targets);
    const bar = progress({ out: process.stderr, label: name, total });
    const parent = tellParent(total);
    const onRead = (entries: number) => {
      bar.add(entries);
      parent.read(entries);
    };
    for (const target of targets) {
      await target.rebuild(mode, signal, onRead, (what) => {
        differences += 1;
        parent.differs(what);
        if (mode === 'verify') say(what);
      });
    }
    parent.end();
    const { done, seconds, inAll } = bar.end();
    const rate = Math.round(done / Math.max(seconds, 0.001));
    const found = mode === 'verify' ? `${differences} differences` : `${differences} changed`;
    say(
      `${name}: ${done} entries in ${seconds.toFixed(1)} s (${rate}/s), ${found}; ${inAll.toFixed(1)} s in all`,
    );
    if (mode === 'verify' && differences > 0) process.exitCode = 1;
  };
  // A verification as well: it may build what a replay would put in place.
  await exclusively({ redis, key: 'replay', holder }, work);
}

async function writeState(name: string, targets: ReplayTarget[], redis: Redis, { until, file }: PastState) {
  const bar = progress({ out: process.stderr, label: name, total: await lengthOf(redis, targets) });
  const lines: string[] = [];
  for (const target of targets) lines.push(...(await target.stateAt(until, bar.add)));
  await pipeline(
    lines.map((line) => `${line}\n`),
    createWriteStream(file),
  );
  const { done, seconds } = bar.end();
  say(
    `${name}: ${lines.length} as of ${until} written to ${file}, from ${done} entries in ${seconds.toFixed(1)} s`,
  );
}

async function lengthOf(redis: Redis, targets: ReplayTarget[]): Promise<number> {
  const lengths = await Promise.all(targets.map(({ stream }) => redis.xlen(stream)));
  return lengths.reduce((sum, length) => sum + length, 0);
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
