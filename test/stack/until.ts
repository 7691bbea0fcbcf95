import { setTimeout as delay } from 'node:timers/promises';

/** How long it waits between two checks at most, in milliseconds, where no longer `pause` is asked for. */
const longestPause = 75;

/**
 * Polls until `check` gives something that is not false or undefined, and resolves to it.
 * A check that throws counts as not yet. Fails, naming what never came, after `within` milliseconds: long, since a machine
 * may be busy; where it is promised how soon something comes, the test says so. `pause` is how long it waits after the first
 * check, in milliseconds; what comes late is asked for less and less often.
 */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  within = 30_000,
  pause = 15,
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + within;
  let cause: unknown;
  let wait = pause;
  while (performance.now() < deadline) {
    try {
      const found = await check();
      if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(wait);
    wait = Math.max(pause, Math.min(wait * 1.2, longestPause));
  }
  throw new Error(`never came within ${within} ms: ${what}`, { cause });
}

/** As `until`, for a check that starts a command, which takes a quarter of a second of a processor: it is made less often. */
export const untilTold: typeof until = (what, check, within = 60_000, pause = 250) =>
  until(what, check, within, pause);
