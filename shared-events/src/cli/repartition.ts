import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type CommonConfig, commonConfig, nodesIn, readConfig } from '../config.ts';
import { partitionsOf } from '../events/layout.ts';
import { streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { recordsReplay } from '../records/replay.ts';
import { openRedis } from '../redis/connection.ts';
import { exclusively } from '../redis/exclusive.ts';
import { closed, layoutKey, moverKey, parseLayout } from '../redis/layout.ts';
import { partitionKeys } from '../redis/partition-keys.ts';
import type { Store } from '../redis/store.ts';
import {
  type ChangeOptions,
  changeBack,
  changeLayout,
  dropOld,
  endMove,
  lastBefore,
  writtenSince,
} from '../repartition/change-layout.ts';
import { type ChangeState, readChange } from '../repartition/change-state.ts';
import { compareStreams } from '../repartition/compare.ts';
import type { Kept } from '../repartition/copy-layout.ts';
import { sourcesOf } from '../repartition/homes.ts';
import { withStreamLock } from '../streams/maintenance.ts';
import { projectionReplay } from '../streams/projection-replay.ts';
import { command, holderOf, say, silent } from './command.ts';
import { progress } from './progress.ts';
import type { Replayable } from './replay.ts';

const help = `Changes the number of partitions of the data, or moves the data into a Redis Cluster, while it is read and written.

  npm run repartition -- --to 24                    into 24 partitions, in the same Redis; a multiple of what it has
  npm run repartition -- --to 24 --into NODES       into a cluster that has no data yet; NODES are some of its nodes:
                                                    10.0.0.1:6379,10.0.0.2:6379
  … --from HOST:PORT                                take it from there, and not from where the environment says
  npm run repartition -- --verify                   compare the new layout with the old; exit code 1 if they differ
  npm run repartition -- --back                     serve the old layout again; --discard if that loses new entries
  npm run repartition -- --drop-old                 remove the old layout, so that there is no way back

It may be stopped at any moment and run again. At its end nothing can be written for a moment.
Environment: REDIS_HOST and REDIS_PORT, where the data is, REDIS_USERNAME, REDIS_PASSWORD and REDIS_TLS, as for the services.`;

const options = {
  to: { type: 'string' },
  into: { type: 'string' },
  from: { type: 'string' },
  verify: { type: 'boolean' },
  back: { type: 'boolean' },
  discard: { type: 'boolean' },
  'drop-old': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const root = join(import.meta.dirname, '../../..');

/** What the services of this project keep. */
async function keptByServices(): Promise<Kept> {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const files = workspaces
    .map((name) => join(root, name, 'src/replayable.ts'))
    .filter((file) => existsSync(file));
  const all = await Promise.all(
    files.map(async (file) => ((await import(file)) as { replayable: Replayable }).replayable),
  );
  return {
    records: all.flatMap(({ records = [] }) => records),
    projections: all.flatMap(({ projections = [] }) => projections),
  };
}

/** How long a reply may take, in milliseconds: a command yields to requests. */
const commandTimeout = 4000;

await command(async () => {
  const { values } = parseArgs({ options });
  const chosen = [values.to, values.verify, values.back, values['drop-old']].filter(Boolean);
  if (values.help || chosen.length !== 1) return void say(help);
  const config = sourceOf(readConfig(commonConfig, process.env), values.from);
  if (config.REDIS_CLUSTER) {
    throw new Failure(
      'from_cluster',
      'The data of a cluster cannot be moved: only from one Redis, into itself or a cluster.',
    );
  }
  const source = await open(config);
  if (!(source instanceof Redis)) return;
  let target: Store = source;
  try {
    const before = await readChange(source);
    const state =
      values.to === undefined ? begun(before) : await wanted(source, before, values.to, values.into);
    if (state.into !== '')
      target = await open({ ...config, REDIS_CLUSTER: state.into, REDIS_SENTINELS: undefined });
    const change = { source, target, state };
    await exclusively({ redis: source, key: moverKey, holder: holderOf('repartition') }, async (signal) => {
      if (values.verify) await verify(change);
      else if (values.back) await back(change, values.discard === true);
      else if (values['drop-old']) await drop(change);
      else await move(change, signal);
    });
  } finally {
    source.disconnect();
    target.disconnect();
  }
});

/** Returns the configuration with the Redis that data is taken from, if one was named. */
function sourceOf(config: CommonConfig, from: string | undefined): CommonConfig {
  if (from === undefined) return config;
  const [node, ...others] = nodesIn(from) ?? [];
  if (node === undefined || others.length > 0) {
    throw new Failure('no_nodes', `--from ${from}: give a Redis such as 10.0.0.1:6379.`);
  }
  const nowhere = { REDIS_CLUSTER: undefined, REDIS_SENTINELS: undefined };
  return { ...config, ...nowhere, REDIS_HOST: node.host, REDIS_PORT: node.port };
}

async function open(config: CommonConfig): Promise<Store> {
  const redis = openRedis({ config, log: silent }, commandTimeout);
  await new Promise((resolve, reject) => redis.once('ready', resolve).once('error', reject));
  return redis;
}

function begun(state: ChangeState | undefined): ChangeState {
  if (state) return state;
  throw new Failure('no_change', 'No change of the layout was begun, or the old layout was dropped.');
}

/** Resolves to the change that is asked for: the one that was begun, or a new one. */
async function wanted(
  source: Redis,
  before: ChangeState | undefined,
  to: string,
  into = '',
): Promise<ChangeState> {
  const partitions = Number(to);
  if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= 64)) {
    throw new Failure('no_number', `--to ${to}: give a whole number from 1 to 64.`);
  }
  if (into !== '' && nodesIn(into) === undefined) {
    throw new Failure('no_nodes', `--into ${into}: give nodes such as 10.0.0.1:6379,10.0.0.2:6379.`);
  }
  if (before) {
    if (before.to.partitions === partitions && before.into === into) return before;
    throw new Failure(
      'another_change',
      `A change to ${before.to.partitions} partitions${before.into && ` in ${before.into}`} was begun: go on with it, or take it back with --back, or end it with --drop-old.`,
    );
  }
  const text = (await source.get(layoutKey)) ?? '1';
  const from = parseLayout(text);
  if (from === undefined) throw new Failure('moved', 'The data was moved to another Redis.');
  if (into === '' && from.partitions === partitions) {
    throw new Failure('no_change', `The data has ${partitions} partitions already.`);
  }
  const generation = into === '' ? from.generation + 1 : 0;
  return { from, to: { partitions, generation }, into, isDone: false };
}

async function move(change: ChangeOptions, signal: AbortSignal): Promise<void> {
  const { source, state } = change;
  const { from, to } = state;
  if (state.isDone) return void say(`The data has ${to.partitions} partitions already.`);
  // What was killed between the two last steps of a move to another Redis.
  if ((await source.get(layoutKey)) === closed) return endMove(change);
  const kept = await keptByServices();
  const streams = streamKeys(from);
  const bar = progress({ out: process.stderr, label: 'copy', total: await lengthOf(source, streams) });
  const pause = await withLocks(source, streams, signal, (held) =>
    changeLayout({ ...change, ...kept, signal: held, onRead: bar.add }),
  );
  const { done, seconds, inAll } = bar.end();
  const rate = Math.round(done / Math.max(seconds, 0.001));
  say(
    `${from.partitions} → ${to.partitions} partitions: ${done} entries in ${seconds.toFixed(1)} s (${rate}/s); nothing could be written for ${(pause / 1000).toFixed(1)} s; ${inAll.toFixed(1)} s in all`,
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

async function verify({ source, target, state }: ChangeOptions): Promise<void> {
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
  say(`${copied} entries compared, and what is made of them: ${differences} differences`);
  if (differences > 0) process.exitCode = 1;
}

async function lengthOf(redis: Store, streams: readonly string[]): Promise<number> {
  const lengths = await Promise.all(streams.map((stream) => redis.xlen(stream)));
  return lengths.reduce((sum, length) => sum + length, 0);
}

async function back(change: ChangeOptions, discard: boolean): Promise<void> {
  const { state } = change;
  const since = state.isDone ? await writtenSince(change) : 0;
  if (since > 0 && !discard) {
    throw new Failure(
      'would_lose',
      `${since} entries were written to the new layout, which the old one has not: give --discard to lose them.`,
    );
  }
  await changeBack(change);
  say(
    `The data has ${state.from.partitions} partitions again${since > 0 ? `; ${since} entries are lost` : ''}.`,
  );
}

async function drop(change: ChangeOptions): Promise<void> {
  if (!change.state.isDone) {
    throw new Failure(
      'not_done',
      'The old layout is the one that is served: go on with the change, or take it --back.',
    );
  }
  say(`${await dropOld(change)} keys of the old layout are removed`);
}
