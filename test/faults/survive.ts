import test from 'ava';
import { until } from '../stack/until.ts';
import type { Attempt } from './client.ts';
import type { History } from './history.ts';
import { brokenPromises } from './invariants.ts';
import { type Row, report, rowOf } from './report.ts';
import { openWorld, recovery, untilHealthy, untilIdle, type World, type WorldOptions } from './world.ts';

export interface Fault extends WorldOptions {
  name: string;
  /** Whether it is part of `npm test`; `npm run test:faults` runs all. */
  short?: true;
  /** Whether not a single request may fail. */
  unnoticed?: true;
  /** Whether it is one that a service cannot know, and so may answer with 500. */
  unknowable?: true;
  /** Breaks something, and resolves when what was broken is whole again, as far as a person would make it whole. */
  inject(world: World): Promise<void>;
}

/** How many requests are made before the fault, and after it. */
const before = 150;

const full = process.env.FAULTS === 'full';

/** Registers a test for each fault: with a load through the gateway all the while, every promise holds. */
export function survive(faults: Fault[]): void {
  for (const fault of faults.filter(({ short }) => full || short)) {
    test.serial(`every promise holds: ${fault.name}`, async (t) => {
      t.timeout(90_000);
      const { broken, row } = await run(fault);
      t.log(row);
      report(row);
      t.deepEqual(broken.slice(0, 20), []);
    });
  }
}

async function run(fault: Fault): Promise<{ broken: string[]; row: Row }> {
  const world = await openWorld(fault);
  const { history } = world;
  const answered = (count: number) =>
    until(`${count} requests are made`, () => history.attempts.length >= count, recovery);
  try {
    await answered(before);
    await fault.inject(world);
    const healed = performance.now();
    const problems: string[] = [];
    await untilHealthy(world).catch((error: Error) => problems.push(`F ${error.message}: ${error.cause}`));
    const recovered = performance.now() - healed;
    await answered(history.attempts.length + before);
    await world.stopLoad();
    await untilIdle(world).catch((error: Error) => problems.push(`F ${error.message}`));
    problems.push(...(await brokenPromises(world)), ...failures(fault, history));
    return { broken: problems, row: rowOf(fault.name, history, recovered, problems) };
  } finally {
    await world.close();
  }
}

/** The answers that this fault is no excuse for. */
function failures({ unnoticed, unknowable }: Fault, { attempts }: History): string[] {
  const isFailure = ({ status }: Attempt) =>
    unnoticed ? typeof status !== 'number' || status >= 500 : !unknowable && status === 500;
  return attempts.filter(isFailure).map(({ method, path, status }) => `G ${method} ${path} ${status}`);
}
