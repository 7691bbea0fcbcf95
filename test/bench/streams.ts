import type { Redis } from 'ioredis';
import { openTestRedis } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';
import type { Bench } from './bench.ts';
import { type ConsumingResult, measureConsuming } from './consuming.ts';
import { type LagResult, measureFollowerLag } from './follower-lag.ts';
import { type MemoryResult, measureMemory } from './memory.ts';
import { measureReplay, type ReplayResult } from './replay.ts';
import { seedUsers } from './seeding.ts';

export interface StreamsResult {
  lag: LagResult;
  replay: ReplayResult;
  consuming: ConsumingResult;
  memory: MemoryResult;
}

/** What following, replaying and consuming streams does and costs. */
export async function measureStreams(bench: Bench): Promise<StreamsResult> {
  const { say } = bench;
  // The parts with a stack of their own are measured once no other runs.
  const { replay, consuming } = await withManyUsers(bench, async (stack, redis) => {
    say('replay');
    const replay = await measureReplay(bench, stack, redis);
    say('consuming');
    return { replay, consuming: await measureConsuming(bench, stack, redis) };
  });
  say('follower lag');
  const lag = await measureFollowerLag(bench);
  say('memory');
  return { lag, replay, consuming, memory: await measureMemory(bench) };
}

/** Runs on the stack that was left by the growth, or on one filled for this alone, and stops it. */
async function withManyUsers<T>(bench: Bench, run: (stack: Stack, redis: Redis) => Promise<T>): Promise<T> {
  const { events } = bench.settings.streams;
  const stack = bench.stacks.left(events) ?? (await fill(bench, events));
  const redis = openTestRedis(stack);
  try {
    return await run(stack, redis);
  } finally {
    redis.disconnect();
    await bench.stacks.stop(stack);
  }
}

async function fill({ stacks, say, signal }: Bench, users: number): Promise<Stack> {
  const stack = await stacks.start();
  say(`making ${users} users`);
  await seedUsers(stack, users, signal);
  return stack;
}
