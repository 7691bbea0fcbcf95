import { openTestRedis } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import type { Bench } from './bench.ts';
import { prepareRequests, type Requests, type RouteName, routeNames, steadyRoutes } from './requests.ts';
import { seedTasks, seedUsers } from './seeding.ts';
import { median, spread } from './stats.ts';
import { type WrkRun, wrk } from './wrk.ts';

export interface RateFigures {
  /** answers a second, the median of the rounds */
  rate: number;
  /** how far the rounds lie apart, as a part of the median */
  spread: number;
  /** the rate divided by that at the first size: the median of the ratios of the rounds */
  ratio: number;
  failed: number;
}

export interface SizeFigures {
  /** the users that were there, and as many tasks, one for each */
  size: number;
  routes: Record<RouteName, RateFigures>;
}

export interface GrowthResult {
  rounds: number;
  seconds: number;
  sizes: SizeFigures[];
}

/** So many different users and tasks are read in turn. */
const sampled = 1000;

/** A stack with so many users and tasks, and the requests to it. */
interface Sized {
  size: number;
  stack: Stack;
  requests: Requests;
}

/**
 * The rate of every route with more and more users and tasks: a stack for each size, measured in turn within each
 * round, so that whatever else the machine does meets all sizes alike.
 */
export async function measureGrowth(bench: Bench): Promise<GrowthResult> {
  const { sizes, rounds, seconds } = bench.settings.growth;
  const stacks: Sized[] = [];
  for (const size of sizes) stacks.push(await fill(bench, size));
  for (const { stack } of stacks) await untilSettled(stack);
  bench.say('measuring');
  // First what leaves the sizes as they are.
  const creating = routeNames.filter((name) => !steadyRoutes.includes(name));
  const routes = new Map<RouteName, RateFigures[]>();
  for (const name of [...steadyRoutes, ...creating])
    routes.set(name, await measureRoute(bench, stacks, name));
  const last = stacks.pop();
  for (const { stack } of stacks) await bench.stacks.stop(stack);
  if (last) bench.stacks.leave(last.stack, last.size);
  return {
    ...{ rounds, seconds },
    sizes: sizes.map((size, at) => ({
      size,
      routes: Object.fromEntries(
        routeNames.map((name) => [name, routes.get(name)?.[at]]),
      ) as SizeFigures['routes'],
    })),
  };
}

async function fill({ stacks, signal, say }: Bench, size: number): Promise<Sized> {
  const stack = await stacks.start();
  say(`making ${size} users, and as many tasks`);
  const users = await seedUsers(stack, size, signal);
  const tasks = await seedTasks(stack, users, 1, signal);
  const requests = await prepareRequests(stack.urls.gateway, { users: sample(users), tasks: sample(tasks) });
  return { size, stack, requests };
}

/** A route at each size in turn, round by round, after a round that does not count. */
async function measureRoute(
  { settings, signal }: Bench,
  stacks: Sized[],
  name: RouteName,
): Promise<RateFigures[]> {
  const { rounds, seconds } = settings.growth;
  const runs = stacks.map((): WrkRun[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [at, { stack, requests }] of stacks.entries()) {
      const run = await wrk(stack.urls.gateway, await requests[name](), { seconds, signal });
      if (round > 0) runs[at]?.push(run);
    }
  }
  return runs.map((own) => {
    const rates = own.map(({ rate }) => rate);
    return {
      ...{ rate: median(rates), spread: spread(rates) },
      ratio: median(rates.map((rate, round) => rate / (runs[0]?.[round]?.rate ?? Number.NaN))),
      failed: own.reduce((sum, { failed }) => sum + failed, 0),
    };
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
