import test from 'ava';
import { paced, untilReady } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// From one Redis into a cluster, while people go on.

interface Made {
  path: string;
  text: string;
  etag: string | null;
}

test('data moves from one Redis into a cluster while it is written, and is served there as it was', async (t) => {
  t.timeout(180_000);
  await withStack(async ({ stack, gateway, redis }) => {
    await withStack(
      async (there) => {
        const made: Made[] = [];
        let isOver = false;
        const old = paced(gateway);
        const people = Array.from({ length: 4 }, async () => {
          while (!isOver) {
            const user = await old.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
            if (user.status !== 201) continue;
            const { id } = user.json<{ id: string }>();
            made.push({ path: `/users/users/${id}`, text: user.text, etag: user.headers.get('etag') });
            const task = await old.post('/tasks/tasks', { userId: id, title: 'Buy milk' });
            if (task.status !== 201) continue;
            const path = `/tasks/tasks/${task.json<{ id: string }>().id}`;
            made.push({ path, text: task.text, etag: task.headers.get('etag') });
          }
        });
        await until('there is something to move', () => made.length > 300, 30_000);
        const into = there.stack.ports.cluster?.map((port) => `127.0.0.1:${port}`).join() ?? '';
        const from = `127.0.0.1:${stack.ports.redis}`;
        const args = ['--to', '24', '--from', from, '--into', into];
        const moved = await startCommand('repartition', there.stack, args).result;
        t.is(moved.code, 0, moved.errors);
        await until('the old services take nothing more', async () => {
          const { status } = await gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
          return status === 503;
        });
        isOver = true;
        await Promise.all(people);
        await untilReady(there.gateway);

        for (const { path, text, etag } of made) {
          const now = await until(`${path} is answered`, async () => {
            const answer = await there.gateway.get(path);
            return answer.status < 500 && answer;
          });
          t.is(now.text, text, path);
          t.is(now.headers.get('etag'), etag);
        }
        const { code, output } = await startCommand('repartition', stack, ['--verify']).result;
        t.is(code, 0, output);
        t.is((await there.user()).name, 'Ada');
        t.is(await redis.get('partitions'), 'closed');
        t.is((await startCommand('repartition', stack, ['--drop-old']).result).code, 0);
        t.deepEqual(await redis.keys('user*'), []);
      },
      { cluster: {}, env: { PARTITIONS: '24', REDIS_REPLICAS: '1' } },
    );
  });
});
