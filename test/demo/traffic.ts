import { setTimeout as delay } from 'node:timers/promises';
import type { Part } from '../stack/part.ts';
import { createTeam } from './team.ts';

/** The most requests under way; while there are so many, none is added. */
const mostUnderWay = 50;

/** Sends what people do, so many requests a second, until the signal aborts; then waits for the last answers. */
export async function sendTraffic(gateway: string, rate: number, signal: AbortSignal): Promise<void> {
  const act = createTeam(gateway);
  const underWay = new Set<Promise<unknown>>();
  await untilAborted(signal, async () => {
    // As people come: not like clockwork.
    await delay((1000 / rate) * 2 * Math.random(), undefined, { signal });
    if (underWay.size >= mostUnderWay) return;
    const action = act()
      .catch(ignoreSilence)
      .finally(() => underWay.delete(action));
    underWay.add(action);
  });
  await Promise.all(underWay);
}

interface Lapses {
  part: Part;
  /** How long it serves, and is then away, in milliseconds. */
  serves: number;
  away: number;
  say(text: string): void;
  signal: AbortSignal;
}

/** Stops a service for a while, again and again, until the signal aborts. */
export async function letLapse({ part, serves, away, say, signal }: Lapses): Promise<void> {
  await untilAborted(signal, async () => {
    await delay(serves, undefined, { signal });
    say(`-- the ${part.name} is away for ${away / 1000} s: tasks of known users go on --`);
    await part.stop();
    await delay(away, undefined, { signal });
    await part.start();
    say(`-- the ${part.name} is back --`);
  });
}

async function untilAborted(signal: AbortSignal, step: () => Promise<void>): Promise<void> {
  try {
    while (!signal.aborted) await step();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Lets pass that a request was not answered; whoever sends it then sends another. */
function ignoreSilence(error: unknown): void {
  if (!(error instanceof TypeError && error.message === 'fetch failed')) throw error;
}
