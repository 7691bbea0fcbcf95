import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Task, User } from 'shared-events';
import { untilReady } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';

// The keys of a small system as they were written before records knew their schema: users and tasks that were made,
// changed and deleted in two partitions, a dead letter, and events that came while the task service was down.

interface Kept<Document> {
  etag: string;
  document: Document;
}

export interface OldData {
  partitions: number;
  /** users by what has become of them: `leaving` was deleted, and `late` made, while the task service was down */
  people: Record<'even' | 'odd' | 'gone' | 'leaving' | 'late', string>;
  documents: { users: Kept<User>[]; tasks: Kept<Task>[] };
  /** each key as DUMP gave it, and how long it was to live, in milliseconds; -1 for ever */
  keys: Record<string, { dump: string; pttl: number }>;
}

export const oldData: OldData = JSON.parse(
  readFileSync(join(import.meta.dirname, 'data-before-schemas.json'), 'utf8'),
);

async function restore(redis: Redis): Promise<void> {
  await redis.flushall();
  for (const [key, { dump, pttl }] of Object.entries(oldData.keys)) {
    await redis.restore(key, Math.max(0, pttl), Buffer.from(dump, 'base64'));
  }
}

/** Starts today's system on that data, runs the test with it, and stops it. @param env for both services */
export const withOldData = (run: (world: World) => Promise<void>, env: Record<string, string> = {}) =>
  withStack(
    async (world) => {
      const { stack, redis, gateway } = world;
      for (const part of [stack.tasks, stack.users]) await part.stop();
      await restore(redis);
      await Promise.all([stack.users.start(), stack.tasks.start()]);
      await untilReady(gateway);
      const { leaving } = oldData.people;
      await until(
        'what was to be done is done',
        async () => (await gateway.get(`/tasks/tasks?userId=${leaving}`)).text === '[]',
      );
      await run(world);
    },
    { env: { PARTITIONS: String(oldData.partitions), ...env } },
  );
