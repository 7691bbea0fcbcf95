import type { Redis } from 'ioredis';
import { taskEvents, userEvents } from 'shared-events';
import { openTestRedis } from '../stack/redis.ts';
import type { Bench } from './bench.ts';
import { seedTasks, seedUsers } from './seeding.ts';

export interface MemoryResult {
  /** bytes of Redis's memory, like the others: a user event, in its stream */
  userEvent: number;
  /** a task event */
  taskEvent: number;
  /** a task altogether: record, event, and its places in lists, at 20 tasks a user */
  task: number;
  tasks: number;
}

const tasksPerUser = 20;

/** What users and tasks of ordinary size take of Redis's memory. */
export async function measureMemory({ settings, signal, stacks }: Bench): Promise<MemoryResult> {
  const { tasks } = settings.streams;
  const stack = await stacks.start();
  const redis = openTestRedis(stack);
  try {
    const users = await seedUsers(stack, tasks / tasksPerUser, signal);
    const before = await usedMemory(redis);
    await seedTasks(stack, users, tasksPerUser, signal);
    const after = await usedMemory(redis);
    return {
      userEvent: await bytesPerEvent(redis, userEvents.key(0)),
      taskEvent: await bytesPerEvent(redis, taskEvents.key(0)),
      task: (after - before) / tasks,
      tasks,
    };
  } finally {
    redis.disconnect();
    await stacks.stop(stack);
  }
}

const bytesPerEvent = async (redis: Redis, stream: string): Promise<number> =>
  Number(await redis.memory('USAGE', stream, 'SAMPLES', 0)) / (await redis.xlen(stream));

/** The least of several readings: what connections hold for a moment is not data. */
async function usedMemory(redis: Redis): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < 20; reading++) {
    readings.push(Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]));
  }
  return Math.min(...readings);
}
