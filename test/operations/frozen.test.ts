import test from 'ava';
import { firstLayout, newId, routingDigits } from 'shared-events';
import { takeLease } from '../../shared-events/src/redis/lease.ts';
import { taskStore } from '../../task-service/src/store.ts';
import { createTask } from '../../task-service/src/task.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { entryFields } from '../stack/redis.ts';

// A process that was stopped for longer than its lease, and goes on.

const context = { request: '', trace: '' };

/** Holds this process up, as if it had been stopped. */
const freeze = (milliseconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

test('a process that wakes after its lease has ended knows it at once, by its own clock', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const lease = await takeLease({ redis, key: 'lease', holder: 'me', time: 4000 });
    if (typeof lease === 'string') return t.fail(lease);
    t.true(lease.isHeld());
    freeze(4100);
    t.false(lease.isHeld());
    await lease.release();
  });
});

test('what it had begun has no effect any more: the step that deletes asks whose the lease is', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const store = taskStore({ redis, writer: redis, layout: firstLayout(1) });
    const userId = newId();
    await redis.hset('known-users:{0}', userId, '1-1');
    const input = { userId, title: 'x', description: null, status: 'pending' as const };
    const task = createTask(newId(routingDigits(userId)), input, new Date().toISOString());
    await store.create({ task, context });
    const key = 'user-events:{0}:lease:cascade';
    const type = 'user.deleted';
    const id = await redis.xadd('user-events:{0}', '*', ...entryFields({ type, subject: userId }));
    const deletion = { id: String(id), type, subject: userId, ...context };
    await redis.set(key, 'another');
    await t.throwsAsync(store.deleteSome(deletion, { key, holder: 'frozen' }), { message: key });
    t.truthy(await store.find(task.id));
    t.false(await store.deleteSome(deletion, { key, holder: 'another' }));
    t.is(await store.find(task.id), undefined);
  });
});
