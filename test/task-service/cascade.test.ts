import test from 'ava';
import type { Redis } from 'ioredis';
import { newId, routingDigits, taskEvents, taskStatuses } from 'shared-events';
import { entriesOf } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// When a user is deleted, their tasks go too.

/** Waits until no key names the user any more. */
const untilNothingNames = (redis: Redis, userId: string) =>
  until(
    'nothing names the user any more',
    async () => (await redis.keys(`*${userId}*`)).length === 0,
    30_000,
  );

test('a deleted user takes along their tasks and the index, with one event a task', async (t) => {
  await withStack(
    async ({ redis, gateway, user, task }) => {
      const [goes, stays] = [await user(), await user()];
      const kept = await task(stays.id);
      const made: string[] = [];
      for (let n = 0; n < 250; n++) {
        const status = taskStatuses[n % 3];
        made.push((await task(goes.id, { title: `Task ${n}`, status })).id);
      }
      t.is((await gateway.delete(`/users/users/${goes.id}`)).status, 204);
      await untilNothingNames(redis, goes.id);
      t.is((await gateway.get(`/tasks/tasks?userId=${goes.id}`)).text, '[]');
      t.is((await gateway.get(`/tasks/tasks/${made[0]}`)).status, 404);
      t.deepEqual((await gateway.get(`/tasks/tasks/${kept.id}`)).json(), kept);

      const events = (await Promise.all([0, 1, 2, 3].map((p) => entriesOf(redis, 'task-events', p)))).flat();
      const deleted = events.filter(({ type }) => type === 'task.deleted');
      t.deepEqual(deleted.map(({ subject }) => subject).sort(), made.sort());
      const created = new Map(
        events.filter(({ type }) => type === 'task.created').map((event) => [event.subject, event.data]),
      );
      for (const { subject, data } of deleted)
        t.is(created.get(subject), data, 'the last document is in the event');
    },
    { env: { PARTITIONS: '4', LOG_LEVEL: 'warn' } },
  );
});

test('killed at any moment and started again, the cascade deletes each of very many tasks once', async (t) => {
  await withStack(
    async ({ stack, redis, gateway, user }) => {
      const { id } = await user();
      const count = 10_000;
      await writeTasks(redis, id, count);
      await gateway.delete(`/users/users/${id}`);
      for (let kill = 0; kill < 4; kill++) {
        const before = await redis.zcard(`tasks-of:{0}:${id}`);
        await until(
          'some more are deleted',
          async () => (await redis.zcard(`tasks-of:{0}:${id}`)) < before || before === 0,
          30_000,
        );
        stack.tasks.kill('SIGKILL');
        await stack.tasks.ended();
        await stack.tasks.start();
      }
      await untilNothingNames(redis, id);
      const deleted = (await entriesOf(redis, 'task-events')).filter(({ type }) => type === 'task.deleted');
      t.is(deleted.length, count);
      t.is(new Set(deleted.map(({ subject }) => subject)).size, count);
      t.is(await redis.xlen('user-events:{0}:dead:cascade'), 0);
    },
    { env: { LOG_LEVEL: 'error' } },
  );
});

/** Writes tasks as the service does, only faster: record, index and event of each. */
async function writeTasks(redis: Redis, userId: string, count: number): Promise<void> {
  const now = new Date().toISOString();
  for (let from = 0; from < count; from += 1000) {
    const pipeline = redis.pipeline();
    for (let n = from; n < from + 1000; n++) {
      const id = newId(routingDigits(userId));
      const task = {
        id,
        userId,
        title: `Task ${n}`,
        description: null,
        status: 'pending',
        createdAt: now,
        updatedAt: now,
      };
      const data = JSON.stringify(task);
      const version = `${Date.now()}-${n}`;
      pipeline.xadd(
        'task-events:{0}',
        version,
        ...taskEvents.encode({ type: 'task.created', subject: id, data, schema: 1, trace: '', request: '' }),
      );
      pipeline.set(`task:{0}:${id}`, `${version} ${data}`);
      pipeline.zadd(`tasks-of:{0}:${userId}`, 0, id).zadd(`tasks-of:{0}:${userId}:pending`, 0, id);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}
