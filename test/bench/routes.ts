import type { Bench, Measurable, ProcessName } from './bench.ts';
import { rootsOf } from './bench.ts';
import { createPeer, peerVersions } from './peers.ts';
import { createPrintingStack } from './printing.ts';
import { countProcessorTime, type ProcessorTime, total } from './processor-time.ts';
import { prepareRequests, type Requests, type RouteName, routeNames } from './requests.ts';
import { median } from './stats.ts';
import { type WrkRun, wrk } from './wrk.ts';

/** Medians of the rounds. */
export interface RouteFigures {
  /** answers a second */
  rate: number;
  /** milliseconds, like p99 */
  p50: number;
  p99: number;
  /** of all rounds */
  failed: number;
  /** microseconds a request; left out on a machine without /proc, or where no process is named */
  processorTime?: ProcessorTime<ProcessName | 'all'>;
}

export interface OtherFigures extends RouteFigures {
  /** this system's rate divided by the other's: the median of the ratios of the rounds */
  rateRatio: number;
  /** the same of the processor time a request, of all processes */
  processorTimeRatio?: number;
}

export interface RoutesResult {
  rounds: number;
  seconds: number;
  /** of the frameworks of the peers, where these were measured */
  versions?: Record<string, string>;
  /** others by their names; `printing` is this system with its log printed, as `npm start` does it */
  routes: Record<RouteName, RouteFigures & { against: Record<string, OtherFigures> }>;
}

interface Target {
  name: string;
  gateway: string;
  roots: Record<string, number | undefined>;
  requests: Requests;
}

interface Round extends WrkRun {
  processorTime?: ProcessorTime;
}

/** Every route at full rate; other systems, where there are any, in the same rounds in turn. */
export async function measureRoutes(bench: Bench): Promise<RoutesResult> {
  const { rounds, seconds } = bench.settings.routes;
  const stack = await bench.stacks.start();
  const started = await startOthers(bench);
  const targets: Target[] = [];
  for (const target of [
    { name: 'own', gateway: stack.urls.gateway, roots: rootsOf(stack) },
    ...started.map(({ name, system: { gateway, roots } }) => ({ name, gateway, roots: roots() })),
    ...bench.against.map(({ name, gateway, pid }) => ({ name, gateway, roots: pid ? { all: pid } : {} })),
  ]) {
    targets.push({ ...target, requests: await prepareRequests(target.gateway) });
  }
  const others = targets.slice(1).map(({ name }) => name);
  const routes = {} as RoutesResult['routes'];
  for (const name of routeNames) {
    bench.say(name);
    const [ownRounds = [], ...otherRounds] = await measureRoute(bench, targets, name);
    routes[name] = { ...figures(ownRounds), against: compare(ownRounds, others, otherRounds) };
  }
  for (const { system } of started) await bench.stacks.stop(system);
  await bench.stacks.stop(stack);
  return { rounds, seconds, ...(bench.peers.length > 0 && { versions: peerVersions() }), routes };
}

/** This system as people start it, and the peers. */
async function startOthers({ peers, stacks }: Bench): Promise<{ name: string; system: Measurable }[]> {
  const others: { name: string; system: Measurable }[] = [];
  for (const name of ['printing', ...peers] as const) {
    const system = name === 'printing' ? await createPrintingStack() : await createPeer(name);
    await stacks.begin(system);
    others.push({ name, system });
  }
  return others;
}

async function measureRoute(
  { settings, signal }: Bench,
  targets: Target[],
  name: RouteName,
): Promise<Round[][]> {
  const { rounds, seconds, warmUp } = settings.routes;
  for (const { gateway, requests } of targets)
    await wrk(gateway, await requests[name](), { seconds: warmUp, signal });
  const measured = targets.map((): Round[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { gateway, roots, requests }] of targets.entries()) {
      const sent = await requests[name]();
      const count = countProcessorTime(roots);
      const run = await wrk(gateway, sent, { seconds, signal });
      const processorTime = Object.keys(roots).length > 0 ? count(run.requests) : undefined;
      measured[at]?.push({ ...run, ...(processorTime && { processorTime }) });
    }
  }
  return measured;
}

function figures(rounds: Round[]): RouteFigures {
  const times = rounds.flatMap(({ processorTime }) => (processorTime ? [processorTime] : []));
  const names = Object.keys(times[0] ?? {}) as ProcessName[];
  const each = names.map((name) => [name, median(times.map((time) => time[name] as number))] as const);
  const processorTime = { ...Object.fromEntries(each), all: median(times.map(total)) } as ProcessorTime<
    ProcessName | 'all'
  >;
  return {
    rate: median(rounds.map(({ rate }) => rate)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    ...(times.length > 0 && { processorTime }),
  };
}

function compare(own: Round[], others: string[], measured: Round[][]): Record<string, OtherFigures> {
  const ratio = (rounds: Round[], of: (round: Round) => number) =>
    median(own.map((round, at) => of(round) / of(rounds[at] as Round)));
  const timeOf = ({ processorTime }: Round) => (processorTime ? total(processorTime) : Number.NaN);
  const each = others.map((name, at) => {
    const rounds = measured[at] ?? [];
    const isTimed = [...own, ...rounds].every(({ processorTime }) => processorTime);
    const compared = {
      rateRatio: ratio(rounds, ({ rate }) => rate),
      ...(isTimed && { processorTimeRatio: ratio(rounds, timeOf) }),
    };
    return [name, { ...figures(rounds), ...compared }] as const;
  });
  return Object.fromEntries(each);
}
