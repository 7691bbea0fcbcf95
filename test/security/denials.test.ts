import test from 'ava';
import { api } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// A right that is missing shows in the middle of a script, when half is written. So none may be.

const partitions = 2;

test('all that services and commands do, in two partitions, is within the rights of their accounts', async (t) => {
  await withStack(
    async ({ stack, redis, gateway, user, task }) => {
      const command = async (name: 'events' | 'replay', ...args: string[]) => {
        const { code, errors } = await startCommand(name, stack, args, partitions).result;
        // 1 is an answer: there are entries that nobody understands.
        t.not(code, 2, `${name} ${args}: ${errors}`);
      };
      for (let n = 0; n < 12; n++) {
        const key = { 'Idempotency-Key': `key ${n}` };
        const body = { name: 'Ada', email: 'ada@example.com' };
        const made = await user();
        const other = (await gateway.post('/users/users', body, key)).json<{ id: string }>();
        t.is((await gateway.post('/users/users', body, key)).json<{ id: string }>().id, other.id);
        const { id } = await task(made.id);
        for (let twice = 0; twice < 2; twice++) {
          t.is((await gateway.post('/tasks/tasks', { userId: other.id, title: 'x' }, key)).status, 201);
        }
        await gateway.put(`/tasks/tasks/${id}`, { status: 'completed' });
        await gateway.get(`/users/users/${made.id}/tasks`);
        await gateway.get(`/tasks/tasks?userId=${made.id}&status=completed&limit=5`);
        if (n % 2 === 0) await gateway.delete(`/tasks/tasks/${id}`);
        await gateway.put(`/users/users/${made.id}`, { name: 'Grace', email: 'grace@example.com' });
        if (n % 3 === 0) await gateway.delete(`/users/users/${other.id}`);
      }
      for (const stream of ['user-events:{0}', 'user-events:{1}']) {
        await redis.xadd(stream, '*', ...entryFields({ type: 'user.renamed' }));
        await until('it is a dead letter', async () => (await redis.xlen(`${stream}:dead:cascade`)) === 1);
      }
      await api(stack.urls.tasks).get('/metrics', { Accept: 'text/plain' });
      for (const args of [
        ['lag'],
        ['dead-letters'],
        ['dead-letters', 'requeue', 'all'],
        ['tail', '--from', '0', '--no-follow'],
      ]) {
        await command('events', ...args);
      }
      await until(
        'it is a dead letter again',
        async () => (await redis.xlen('user-events:{1}:dead:cascade')) === 1,
      );
      await command('events', 'dead-letters', 'drop', 'all');
      await redis.del(
        'known-users:{0}',
        ...(await redis.keys('task*:{1}:*')),
        ...(await redis.keys('user:{1}:*')),
      );
      await redis.zadd('tasks-of:{0}:stranger', 0, 'stranger');
      await command('replay', 'all');
      await command('replay', 'all', '--verify');
      await command('events', 'compact', '--older-than', '0s');
      await stack.tasks.stop();
      await stack.tasks.start();
      t.deepEqual(await redis.acl('LOG'), []);
    },
    { env: { PARTITIONS: String(partitions), LOG_LEVEL: 'error' } },
  );
});
