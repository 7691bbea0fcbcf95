import test from 'ava';
import { until } from '../stack/until.ts';
import type { Attempt } from './client.ts';
import type { History } from './history.ts';
import { brokenPromises } from './invariants.ts';
import { isFull } from './load.ts';
import { type Row, report, rowOf } from './report.ts';
import { type LoadedStack, openWorld, untilIdle, type World, type WorldOptions } from './world.ts';

export interface FaultOf<W extends LoadedStack> {
  name: string;
  /** Whether it is part of `npm test`; `npm run test:faults` runs all. */
  short?: true;
  /** Whether not a single request may fail. */
  unnoticed?: true;
  /** Whether it is one that a service cannot know, and so may answer with 500. */
  unknowable?: true;
  /** Breaks something, and resolves when what was broken is whole again, as far as a person would make it whole. */
  inject(world: W): Promise<void>;
}

export type Fault = FaultOf<World> & WorldOptions;

/** How many requests are made before the fault, and after it. */
const before = 150;
/** How long that may take on a busy machine, in milliseconds. */
const patience = 30_000;

/** Registers a test for each fault of a stack with one Redis: with a load all the while, every promise holds. */
export const survive = (faults: Fault[]): void => surviveIn(openWorld, faults);

/** What came of a fault: what is broken, each line with its promise's letter, and what the table is to tell. */
export interface Outcome {
  broken: string[];
  row: Row;
}

/**
 * Registers a test for each fault of other stacks.
 * @param open makes the stack that is to be broken
 * @param judge says what else is to be said of what came of a fault
 */
export function surviveIn<W extends LoadedStack, F extends FaultOf<W>>(
  open: (fault: F) => Promise<W>,
  faults: F[],
  judge: (outcome: Outcome, world: W, fault: F) => Outcome | Promise<Outcome> = (outcome) => outcome,
): void {
  for (const fault of faults.filter(({ short }) => isFull || short)) {
    test.serial(`every promise holds: ${fault.name}`, async (t) => {
      t.timeout(180_000);
      const world = await open(fault);
      try {
        const { broken, row } = await judge(await run(world, fault), world, fault);
        t.log(row);
        report(row);
        t.deepEqual(broken.slice(0, 20), []);
      } finally {
        await world.close();
      }
    });
  }
}

async function run<W extends LoadedStack>(world: W, fault: FaultOf<W>): Promise<Outcome> {
  const { history } = world;
  const answered = (count: number) =>
    until(`${count} requests are made`, () => history.attempts.length >= count, patience);
  await answered(before);
  await fault.inject(world);
  const healed = performance.now();
  const problems: string[] = [];
  await world.untilHealthy().catch((error: Error) => problems.push(`F ${error.message}: ${error.cause}`));
  const recovered = performance.now() - healed;
  await answered(history.attempts.length + before);
  await world.stopLoad();
  await untilIdle(world).catch((error: Error) => problems.push(`F ${error.message}`));
  problems.push(...(await brokenPromises(world)), ...failures(fault, history));
  return { broken: problems, row: rowOf(fault.name, history, recovered, problems) };
}

/** The answers that this fault is no excuse for. */
function failures<W extends LoadedStack>(
  { unnoticed, unknowable }: FaultOf<W>,
  { attempts }: History,
): string[] {
  const isFailure = ({ status }: Attempt) =>
    unnoticed ? typeof status !== 'number' || status >= 500 : !unknowable && status === 500;
  return attempts.filter(isFailure).map(({ method, path, status }) => `G ${method} ${path} ${status}`);
}
