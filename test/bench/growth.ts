import { openTestRedis } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import type { Bench } from './bench.ts';
import { prepareRequests, type Requests, type RouteName, routeNames, steadyRoutes } from './requests.ts';
import { seedTasks, seedUsers } from './seeding.ts';
import { median, spread } from './stats.ts';
import { wrk } from './wrk.ts';

export interface SizeFigures {
  /** the users that were there, and as many tasks, one for each */
  size: number;
  routes: Record<
    RouteName,
    {
      /** answers a second, the median of the rounds */
      rate: number;
      /** how far the rounds lie apart, as a part of the median */
      spread: number;
      failed: number;
    }
  >;
}

export interface GrowthResult {
  rounds: number;
  seconds: number;
  sizes: SizeFigures[];
}

/** So many different users and tasks are read in turn. */
const sampled = 1000;
/** Up to here each size has a stack of its own, since the rounds themselves add some ten thousand users and tasks. */
const smallest = 100_000;

/** The rate of every route, with more and more users and tasks. */
export async function measureGrowth(bench: Bench): Promise<GrowthResult> {
  const { sizes, rounds, seconds } = bench.settings.growth;
  const measured: SizeFigures[] = [];
  let stack: Stack | undefined;
  let users: string[] = [];
  let tasks: string[] = [];
  for (const size of sizes) {
    if (stack === undefined || size <= smallest) {
      if (stack) await bench.stacks.stop(stack);
      stack = await bench.stacks.start();
      users = [];
      tasks = [];
    }
    bench.say(`${size}: making users and tasks`);
    const added = await seedUsers(stack, size - users.length, bench.signal);
    users = users.concat(added);
    tasks = tasks.concat(await seedTasks(stack, added, 1, bench.signal));
    bench.say(`${size}: measuring`);
    measured.push(await measureSize(bench, stack, size, { users: sample(users), tasks: sample(tasks) }));
  }
  if (stack) bench.stacks.leave(stack, users.length);
  return { rounds, seconds, sizes: measured };
}

/** First the routes that leave the size as it is, then those that create. */
async function measureSize(
  bench: Bench,
  stack: Stack,
  size: number,
  ids: { users: string[]; tasks: string[] },
): Promise<SizeFigures> {
  const requests = await prepareRequests(stack.urls.gateway, ids);
  const creating = routeNames.filter((name) => !steadyRoutes.includes(name));
  await untilSettled(stack);
  const steady = await inRounds(bench, stack, steadyRoutes, requests);
  const created = await inRounds(bench, stack, creating, requests);
  const routes = Object.fromEntries([...created, ...steady]) as SizeFigures['routes'];
  return { size, routes };
}

/** The routes in turn, round by round, after a round that does not count. */
async function inRounds({ settings, signal }: Bench, stack: Stack, names: RouteName[], requests: Requests) {
  const { rounds, seconds } = settings.growth;
  const runs = new Map(names.map((name) => [name, [] as { rate: number; failed: number }[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const run = await wrk(stack.urls.gateway, await requests[name](), { seconds, signal });
      if (round > 0) runs.get(name)?.push(run);
    }
  }
  return [...runs].map(([name, list]) => {
    const rates = list.map(({ rate }) => rate);
    const failed = list.reduce((sum, run) => sum + run.failed, 0);
    return [name, { rate: median(rates), spread: spread(rates), failed }] as const;
  });
}

/** Evenly from all. */
const sample = (ids: string[]): string[] =>
  Array.from(
    { length: Math.min(sampled, ids.length) },
    (_, at) => ids[Math.floor((at * ids.length) / Math.min(sampled, ids.length))] as string,
  );

/** Redis rewrites its file in the background when it has grown; that is waited for. */
async function untilSettled(stack: Stack): Promise<void> {
  const redis = openTestRedis(stack);
  const isRewriting = async () =>
    /aof_rewrite_(in_progress|scheduled):1/.test(await redis.info('persistence'));
  try {
    await until('Redis has rewritten its file', async () => !(await isRewriting()), 120_000);
  } finally {
    redis.disconnect();
  }
}
