import test, { type ExecutionContext } from 'ava';
import type { Redis } from 'ioredis';
import { firstLayout, newId, partitionOf, routingDigits, taskEvents, userEvents } from 'shared-events';
import { type Api, paced, seed } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import {
  answers,
  env,
  history,
  type Made,
  partitions,
  replay,
  startTaskReplay,
  untilCascadesEnd,
} from './world.ts';

// A replay while others read and write: nobody notices.

/**
 * Writers and a reader that check every answer they get, until they are stopped; then it tells how often they wrote.
 */
function checkedLoad(t: ExecutionContext, client: Api, all: Made, before: string[]) {
  const gateway = paced(client);
  const { user, task } = seed(gateway);
  let busy = true;
  let writes = 0;
  const writer = async () => {
    while (busy) {
      const made = await user();
      const { id } = await task(made.id);
      const changed = await gateway.put(`/tasks/tasks/${id}`, { status: 'completed' });
      t.is(changed.status, 200);
      t.is((await gateway.get(`/tasks/tasks/${id}`)).text, changed.text);
      t.is((await gateway.delete(`/users/users/${made.id}`)).status, 204);
      t.is((await gateway.get(`/users/users/${made.id}`)).status, 404);
      t.is((await gateway.post('/tasks/tasks', { userId: made.id, title: 'x' })).status, 400);
      writes += 1;
    }
  };
  const reader = async () => {
    while (busy) t.deepEqual(await answers(gateway, all), before);
  };
  const ended = Promise.all([writer(), writer(), reader()]);
  // What fails is told by whoever stops it; a test that ends before has failed already.
  ended.catch(() => undefined);
  return async () => {
    busy = false;
    await ended;
    return writes;
  };
}

test('twenty thousand events are rebuilt, and a rebuild is killed half-way, and no reader and no writer notices', async (t) => {
  await withStack(
    async ({ stack, gateway, redis }) => {
      const world = await history(gateway, 20);
      await writeHistory(redis, 5000);
      await untilCascadesEnd(redis);
      const stopLoad = checkedLoad(t, gateway, world, await answers(gateway, world));
      const { child, result } = startTaskReplay(stack);
      const isLocked = async () => (await redis.keys('*:lock')).length > 0;
      const isAtWork = async () => (await isLocked()) || child.exitCode !== null;
      await until('the replay is at work', isAtWork, 30_000);
      child.kill('SIGKILL');
      await result;
      await until('the lock of the killed one has ended', async () => !(await isLocked()));
      const { code, output, errors } = await replay(stack, 'all');
      t.is(code, 0, errors);
      t.regex(output, /users: 1\d{4} entries in .* 5000 changed/);
      t.regex(output, /tasks: 1\d{4} entries in .* changed/);
      t.true((await stopLoad()) > 10);
      await untilCascadesEnd(redis);
      const verified = await replay(stack, 'all', '--verify');
      t.is(verified.code, 0, verified.errors + verified.output);
    },
    { env },
  );
});

/** Writes two events of so many users and as many tasks, and none of what is kept beside them. */
async function writeHistory(redis: Redis, count: number): Promise<void> {
  const now = new Date().toISOString();
  const origin = { trace: '', request: '' };
  for (let from = 0; from < count; from += 500) {
    const writes: Promise<unknown>[] = [];
    for (let n = from; n < from + 500; n++) {
      const id = newId();
      const user = { id, name: `User ${n}`, email: 'a@example.com', createdAt: now, updatedAt: now };
      const task = {
        id: newId(routingDigits(id)),
        userId: id,
        title: 'x',
        description: null,
        createdAt: now,
        updatedAt: now,
      };
      const partition = partitionOf(id, firstLayout(partitions));
      for (const type of ['created', 'updated'] as const) {
        const data = JSON.stringify({ ...user, name: type });
        const fields = userEvents.encode({ type: `user.${type}`, subject: id, data, schema: 1, ...origin });
        writes.push(redis.xadd(userEvents.key(partition), '*', ...fields));
        const status = type === 'created' ? 'pending' : 'completed';
        const taskData = JSON.stringify({ ...task, status });
        const taskFields = taskEvents.encode({
          type: `task.${type}`,
          subject: task.id,
          data: taskData,
          schema: 1,
          ...origin,
        });
        writes.push(redis.xadd(taskEvents.key(partition), '*', ...taskFields));
      }
    }
    await Promise.all(writes);
  }
}
