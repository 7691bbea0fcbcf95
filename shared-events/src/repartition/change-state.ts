import type { Redis } from 'ioredis';
import { layoutKey, layoutText, parseLayout } from '../redis/layout.ts';
import type { Change } from './homes.ts';

/** The key that tells of a change of the layout from its beginning until the old layout is dropped, or the new one. */
const changeKey = `{${layoutKey}}:change`;

export interface ChangeState extends Change {
  /** the nodes of the cluster that the data goes to; empty if it stays in its Redis */
  into: string;
  /** Whether the new layout is the one that is served. */
  isDone: boolean;
}

/** Resolves to the change that was begun; to nothing if there is none. */
export async function readChange(redis: Redis): Promise<ChangeState | undefined> {
  const { from = '', to = '', into = '', done = '' } = await redis.hgetall(changeKey);
  const [old, next] = [parseLayout(from), parseLayout(to)];
  return old && next ? { from: old, to: next, into, isDone: done !== '' } : undefined;
}

export async function writeChange(redis: Redis, { from, to, into, isDone }: ChangeState): Promise<void> {
  const state = { from: layoutText(from), to: layoutText(to), into, done: isDone ? 'done' : '' };
  await redis.hset(changeKey, state);
}

export async function forgetChange(redis: Redis): Promise<void> {
  await redis.del(changeKey);
}
