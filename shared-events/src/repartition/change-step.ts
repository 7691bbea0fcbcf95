import type { Redis } from 'ioredis';
import { Failure } from '../failure.ts';
import { closed, closedKey, layoutKey, layoutText, moverKey } from '../redis/layout.ts';
import { script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { type ChangeState, changeKey, type Phase } from './change-state.ts';

// What a change of the layout, and what ends it, have in common: the layout that is served changes in one step with how far
// the change is.

const stepScript = script(new URL('lua/change-step.lua', import.meta.url));

/** For how long nobody reads or writes at most while one layout takes the other's place, in milliseconds. */
const closedTime = 5000;

/** A change of the layout, the Redis, or the two, in which it happens, and who makes it. */
export interface ChangeOptions {
  source: Redis;
  /** The same as the source if the data stays there. */
  target: Store;
  state: ChangeState;
  /** who holds the lock of those who change the layout */
  holder: string;
  /** Fails if the lock is not held any more. */
  checkLock(): void;
  /** How many replicas of each node must have what was copied before it is served. */
  replicas: number;
}

/** Has nobody read or write the source for a moment. */
export const closeSource = ({ source }: ChangeOptions) => source.set(closedKey, 'closed', 'PX', closedTime);

/**
 * Takes a change further in one step with the layout that the source serves. Fails with `too_late`, and changes nothing, if
 * who asks is not the one who changes the layout any more, if the layout is another, or if what has to be there has gone.
 * @param needs the keys of what has to be there; the first is taken away
 */
export async function takeStep(
  { source, holder }: ChangeOptions,
  [before, after]: [before: string, after: string],
  phase: Phase,
  needs: string[] = [],
): Promise<void> {
  const keys = [moverKey, layoutKey, changeKey, ...needs];
  if ((await stepScript(source, keys, [holder, before, after, phase])) === 1) return;
  throw new Failure(
    'too_late',
    'It took too long, and the layout that was served is served on. Run it again.',
  );
}

/** The text of the source's layout when the change is done. */
export const layoutThen = ({ source, target, state }: ChangeOptions): string =>
  target === source ? layoutText(state.to) : closed;

/** Has the Redis that data went to serve it, if it does not yet. */
export async function serveTarget({ source, target, state }: ChangeOptions): Promise<void> {
  if (target === source || (await target.get(layoutKey)) !== closed) return;
  await target.set(layoutKey, layoutText(state.to));
}
