import { pino } from 'pino';
import { firstLayout, newId, routingDigits } from 'shared-events';
import { openRedis, type Store } from 'shared-events/redis';
import { RedisUnavailable } from '../../shared-events/src/redis/unavailable.ts';
import { taskStore } from '../../task-service/src/store.ts';
import { createTask } from '../../task-service/src/task.ts';
import { userStore } from '../../user-service/src/store.ts';
import { createUser } from '../../user-service/src/user.ts';
import { credentials } from '../stack/accounts.ts';
import { openTestRedis, untilKnown } from '../stack/redis.ts';
import type { Stack } from '../stack/stack.ts';

/** How many writes are under way at once; with `appendfsync always` they share confirmations of the disk. */
const underWay = 200;
/** How often a write is sent that Redis did not confirm in time, as while the disk is slow. */
const attempts = 5;
const layout = firstLayout(1);
const origin = {
  request: '5d6c0f0b-8a0e-4f6f-9b1d-2c3e4f5a6b7c',
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** Makes users through the user service's own store, and resolves to their ids once the task service knows them. */
export async function seedUsers(stack: Stack, count: number, signal: AbortSignal): Promise<string[]> {
  const ids = await withAccount(stack, 'user-service', (redis) => {
    const store = userStore({ redis, writer: redis, layout });
    return inParallel(count, signal, async (n) => {
      const input = { name: 'Ada Lovelace', email: `ada.${n}@example.com` };
      const user = createUser(newId(), input, new Date().toISOString());
      await confirmed(() => store.create(user, origin));
      return user.id;
    });
  });
  const redis = openTestRedis(stack);
  await untilKnown(redis).finally(() => redis.disconnect());
  return ids;
}

/** Makes tasks, so many for each owner, through the task service's own store, and resolves to their ids. */
export const seedTasks = (
  stack: Stack,
  owners: string[],
  each: number,
  signal: AbortSignal,
): Promise<string[]> =>
  withAccount(stack, 'task-service', (redis) => {
    const store = taskStore({ redis, writer: redis, layout });
    return inParallel(owners.length * each, signal, async (n) => {
      const userId = owners[n % owners.length] as string;
      const input = { userId, title: `Task ${n}`, description: 'one of many', status: 'pending' } as const;
      const task = createTask(newId(routingDigits(userId)), input, new Date().toISOString());
      const outcome = await confirmed(() => store.create({ task, context: origin }));
      if ('user' in outcome) throw new Error(`the user ${userId} is ${outcome.user}`);
      return task.id;
    });
  });

async function withAccount<T>(
  { ports }: Stack,
  account: 'user-service' | 'task-service',
  work: (redis: Store) => Promise<T>,
): Promise<T> {
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: ports.redis, ...credentials(account) };
  const redis = openRedis({ config, log: pino({ level: 'silent' }) });
  try {
    await new Promise((resolve, reject) => redis.once('ready', resolve).once('error', reject));
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** A write that may be sent again, because a record that is there already is not written twice. */
async function confirmed<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof RedisUnavailable) || attempt === attempts) throw error;
    }
  }
}

/** The results of a work done so many times, many at once, in order. */
async function inParallel<T>(
  count: number,
  signal: AbortSignal,
  work: (n: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      signal.throwIfAborted();
      const n = next++;
      results[n] = await work(n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(underWay, count) }, worker));
  return results;
}
