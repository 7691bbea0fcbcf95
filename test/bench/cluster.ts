import { setTimeout as delay } from 'node:timers/promises';
import { firstLayout, partitionOf, type User } from 'shared-events';
import { api, seed } from '../stack/api.ts';
import { masters } from '../stack/cluster.ts';
import { startCommand } from '../stack/commands.ts';
import { openTestRedis, untilKnown } from '../stack/redis.ts';
import { createStack, type Stack } from '../stack/stack.ts';
import type { Bench } from './bench.ts';
import { sampleLag } from './follower-lag.ts';
import { measureOutages, type OutageFigures } from './outages.ts';
import { countProcessorTime, type ProcessorTime, total } from './processor-time.ts';
import { newTask, newUser } from './requests.ts';
import { type Latency, latencyOf, median } from './stats.ts';
import { type Sent, type WrkRun, wrk } from './wrk.ts';

/** What is compared: one Redis, a cluster, and a cluster whose writes a replica confirms. */
export const systemNames = ['one Redis', 'cluster', 'confirmed'] as const;
export type SystemName = (typeof systemNames)[number];

export interface WriteFigures {
  /** answers a second */
  rate: number;
  /** milliseconds */
  p50: number;
  failed: number;
  /** microseconds a write, without /proc left out */
  time?: ProcessorTime<'user service' | 'masters' | 'replicas'>;
}

/** The work of the masters while tasks are written: for users of one shard, or of all in turn. */
export interface ShardFigures {
  rate: number;
  /** microseconds a write, of all masters together */
  time: number;
  /** the part of that of the master that works most, times the number of masters that work: 1 is the same for each */
  most: number;
}

export interface ClusterResult {
  rounds: number;
  seconds: number;
  partitions: number;
  writes: Record<SystemName, WriteFigures>;
  /** medians of the ratios of the rounds: of a rate, of milliseconds, of processor time */
  confirmedRate: number;
  confirmedDelay: number;
  clusterTime?: number;
  shards?: { one: ShardFigures; all: ShardFigures };
  /** of partition 0, while users are created in all at full rate */
  lag: Latency;
  /** of a core, by process, while nothing is asked */
  idle?: Record<string, number>;
  outages: Record<'killed' | 'by hand', OutageFigures>;
}

const partitions = 24;

/** What a Redis Cluster costs, how it spreads work, and for how long a shard is away. */
export async function measureCluster(bench: Bench): Promise<ClusterResult> {
  const { rounds, seconds, idle: idleSeconds } = bench.settings.cluster;
  const systems: Record<SystemName, Stack> = {
    'one Redis': await createStack(),
    cluster: await createStack({ cluster: {}, env: { REDIS_REPLICAS: '0' } }),
    confirmed: await createStack({ cluster: {}, env: { REDIS_REPLICAS: '1' } }),
  };
  for (const name of systemNames) await bench.stacks.begin(systems[name]);
  const confirmed = systems.confirmed;

  bench.say('idle');
  const idle = await measureIdle(confirmed, idleSeconds);
  bench.say('writes');
  const measured = await measureWrites(bench, systems);
  const ratio = (of: (round: Round) => number, one: SystemName, other: SystemName, by = divided) =>
    median(measured[one].map((round, at) => by(of(round), of(measured[other][at] as Round))));
  const timeOf = ({ time }: Round) => time?.['user service'] ?? Number.NaN;
  const isTimed = measured.cluster.every(({ time }) => time);
  for (const name of ['one Redis', 'cluster'] as const) await bench.stacks.stop(systems[name]);

  bench.say('shards');
  const users = await usersOfShards(confirmed);
  const shards = await measureShards(bench, confirmed, users);
  bench.say('lag');
  const lag = await measureLag(bench, confirmed);
  bench.say('outages');
  const outages = await measureOutages(
    confirmed,
    users.map(([user]) => user as User),
  );
  await bench.stacks.stop(confirmed);
  return {
    ...{ rounds, seconds, partitions, lag, outages },
    writes: Object.fromEntries(
      systemNames.map((name) => [name, figures(measured[name])]),
    ) as ClusterResult['writes'],
    confirmedRate: ratio(({ rate }) => rate, 'confirmed', 'cluster'),
    confirmedDelay: ratio(({ p50 }) => p50, 'confirmed', 'cluster', less),
    ...(isTimed && { clusterTime: ratio(timeOf, 'cluster', 'one Redis') }),
    ...(shards && { shards }),
    ...(idle && { idle }),
  };
}

const divided = (one: number, other: number) => one / other;
const less = (one: number, other: number) => one - other;

interface Round extends WrkRun {
  time?: NonNullable<WriteFigures['time']>;
}

const figures = (rounds: Round[]): WriteFigures => {
  const times = rounds.flatMap(({ time }) => (time ? [time] : []));
  const of = (name: 'user service' | 'masters' | 'replicas') => median(times.map((time) => time[name]));
  return {
    rate: median(rounds.map(({ rate }) => rate)),
    p50: median(rounds.map(({ p50 }) => p50)),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    ...(times.length === rounds.length && {
      time: { 'user service': of('user service'), masters: of('masters'), replicas: of('replicas') },
    }),
  };
};

/** Users are created at full rate, in each system in turn, after a round that does not count. */
async function measureWrites(
  { settings, signal }: Bench,
  systems: Record<SystemName, Stack>,
): Promise<Record<SystemName, Round[]>> {
  const { rounds, seconds } = settings.cluster;
  const measured: Record<SystemName, Round[]> = { 'one Redis': [], cluster: [], confirmed: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const name of systemNames) {
      const stack = systems[name];
      const count = countProcessorTime({ 'user service': stack.users.pid(), ...nodesOf(stack) });
      const run = await wrk(stack.urls.gateway, [newUser], { seconds, signal });
      const time = count(run.requests);
      const ofRoles = time && {
        'user service': time['user service'] as number,
        masters: sumOf(time, /^master/),
        replicas: sumOf(time, /^replica/),
      };
      if (round > 0) measured[name].push({ ...run, ...(ofRoles && { time: ofRoles }) });
    }
  }
  return measured;
}

/** The processes of Redis, as they are to begin with. */
const nodesOf = ({ nodes }: Stack): Record<string, number | undefined> =>
  Object.fromEntries(
    nodes.map((node, at) => [at < masters ? `master ${at + 1}` : `replica ${at + 1 - masters}`, node.pid()]),
  );

const sumOf = (time: ProcessorTime, names: RegExp): number =>
  total(Object.fromEntries(Object.entries(time).filter(([name]) => names.test(name))));

/** How many users of each shard tasks are written for. */
const usersPerShard = 4;

/** Makes users until there are some of each shard. */
async function usersOfShards(stack: Stack): Promise<User[][]> {
  const { output } = await startCommand('events', stack, ['cluster', '--json'], partitions).result;
  const rows = output.trim().split('\n');
  const shards = rows
    .map((line) => JSON.parse(line) as { role: string; node: string; partitions: number[] })
    .filter(({ role }) => role === 'master')
    .sort((one, other) => placeOf(stack, one.node) - placeOf(stack, other.node));
  const users = shards.map((): User[] => []);
  while (users.some(({ length }) => length < usersPerShard)) {
    const user = await seed(api(stack.urls.gateway)).user();
    const shard = shards.findIndex((each) =>
      each.partitions.includes(Number(partitionOf(user.id, firstLayout(partitions)))),
    );
    if ((users[shard] as User[]).length < usersPerShard) users[shard]?.push(user);
  }
  return users;
}

const placeOf = ({ ports }: Stack, node: string): number =>
  (ports.cluster ?? []).indexOf(Number(node.split(':')[1]));

/** Tasks are written for users of one shard, and of all, in turn. */
async function measureShards(
  { settings, signal }: Bench,
  stack: Stack,
  users: User[][],
): Promise<ClusterResult['shards']> {
  const { rounds, seconds } = settings.cluster;
  const inTurn = Array.from({ length: usersPerShard }, (_, at) => users.map((own) => own[at] as User)).flat();
  const loads = { one: users[0] as User[], all: inTurn };
  const measured: Record<keyof typeof loads, ShardFigures[]> = { one: [], all: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['one', 'all'] as const) {
      const requests: Sent[] = loads[name].map(({ id }) => newTask(id));
      const count = countProcessorTime(nodesOf(stack));
      const { requests: written, rate } = await wrk(stack.urls.gateway, requests, { seconds, signal });
      const time = count(written);
      if (time === undefined) return undefined;
      const each = Array.from({ length: masters }, (_, at) => time[`master ${at + 1}`] as number);
      const all = each.reduce((sum, one) => sum + one, 0);
      const working = name === 'one' ? 1 : masters;
      if (round > 0) measured[name].push({ rate, time: all, most: (Math.max(...each) / all) * working });
    }
  }
  const medians = (of: ShardFigures[]): ShardFigures => ({
    rate: median(of.map(({ rate }) => rate)),
    time: median(of.map(({ time }) => time)),
    most: median(of.map(({ most }) => most)),
  });
  return { one: medians(measured.one), all: medians(measured.all) };
}

async function measureLag({ settings, signal }: Bench, stack: Stack): Promise<Latency> {
  const redis = openTestRedis(stack);
  try {
    await untilKnown(redis);
    let isOver = false;
    const { seconds } = settings.cluster;
    const load = wrk(stack.urls.gateway, [newUser], { seconds, signal }).finally(() => {
      isOver = true;
    });
    const samples = await sampleLag(redis, () => isOver);
    await load;
    return latencyOf(samples.map(([, ms]) => ms));
  } finally {
    redis.disconnect();
  }
}

/** The part of a core that each process takes while nothing is asked. */
async function measureIdle(stack: Stack, seconds: number): Promise<Record<string, number> | undefined> {
  const count = countProcessorTime({
    'user service': stack.users.pid(),
    'task service': stack.tasks.pid(),
    ...nodesOf(stack),
  });
  await delay(seconds * 1000);
  const times = count(seconds);
  return times && Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time / 1e6]));
}
