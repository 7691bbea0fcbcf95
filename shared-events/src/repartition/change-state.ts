import type { Redis } from 'ioredis';
import { layoutKey, layoutText, parseLayout } from '../redis/layout.ts';
import type { Change } from './homes.ts';

/** The key that tells of a change of the layout from its beginning until the old layout is dropped, or the new one. */
export const changeKey = `{${layoutKey}}:change`;
/** The greatest generation that a layout here ever had: what somebody still writes to one that was dropped is in no other. */
const generationKey = `{${layoutKey}}:generation`;

/**
 * How far a change is. While data is copied, and when it is taken back, the old layout is served; when it is done, and
 * while the old layout is dropped, the new. A new change is not written down yet.
 */
export type Phase = 'new' | 'copying' | 'done' | 'back' | 'drop';

export interface ChangeState extends Change {
  /** the nodes of the cluster that the data goes to; empty if it stays in its Redis */
  into: string;
  phase: Phase;
}

/** Resolves to the change that was begun; to nothing if there is none. */
export async function readChange(redis: Redis): Promise<ChangeState | undefined> {
  const { from = '', to = '', into = '', phase, done } = await redis.hgetall(changeKey);
  const [old, next] = [parseLayout(from), parseLayout(to)];
  // One that an earlier version began has no phase, and may have been stopped between serving the new layout and noting it.
  const isServed = async () => (await redis.get(layoutKey)) !== from;
  const phaseThen = async (): Promise<Phase> => (done || (await isServed()) ? 'done' : 'copying');
  return old && next
    ? { from: old, to: next, into, phase: (phase as Phase | undefined) ?? (await phaseThen()) }
    : undefined;
}

/** Writes down that a change is begun. */
export async function beginChange(redis: Redis, { from, to, into }: ChangeState): Promise<void> {
  // Data that no service has served yet says nothing of its layout.
  await redis.set(layoutKey, layoutText(from), 'NX');
  if (into === '') await redis.set(generationKey, to.generation);
  await redis.hset(changeKey, {
    ...{ from: layoutText(from), to: layoutText(to), into },
    phase: 'copying' satisfies Phase,
  });
}

export async function forgetChange(redis: Redis): Promise<void> {
  await redis.del(changeKey);
}

/** Resolves to a generation that no layout of this data has had. */
export async function nextGeneration(redis: Redis, present: number): Promise<number> {
  return Math.max(present, Number((await redis.get(generationKey)) ?? 0)) + 1;
}
