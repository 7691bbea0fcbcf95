import test from 'ava';
import { hashOf } from '../faults/script-hash.ts';
import { tcpProxy } from '../faults/tcp-proxy.ts';
import { startCommand, whileRuns } from '../stack/commands.ts';
import { withStack } from '../stack/world.ts';

// A replay compares the lists of tasks with their records; here tasks are changed and deleted between the two.

/** The step in which a replay compares a task, as it is sent. */
const step = hashOf(
  'shared-events/src/records/lua/record.lua',
  'shared-events/src/streams/lua/evidence.lua',
  'shared-events/src/records/lua/replay.lua',
  'task-service/src/lua/apply-task.lua',
  'task-service/src/lua/replay-task.lua',
);

test('the lists of tasks that are changed and deleted while they are replayed are put right as well', async (t) => {
  await withStack(async ({ stack, redis, gateway, user, task }) => {
    const ada = await user();
    const [milk, report, call] = [await task(ada.id), await task(ada.id), await task(ada.id)];
    const all = `tasks-of:{0}:${ada.id}`;
    await redis.zrem(all, milk.id);
    for (const { id } of [milk, report, call]) await redis.zadd(`${all}:completed`, 0, id);
    const proxy = await tcpProxy(stack.ports.redis);
    try {
      const held = Promise.withResolvers<() => void>();
      proxy.holdRequest(step, held.resolve);
      const command = startCommand('task-replay', { ports: { redis: proxy.port } }, ['tasks']);
      const deliver = await whileRuns(command, held.promise);
      t.is((await gateway.put(`/tasks/tasks/${milk.id}`, { title: 'Buy oat milk' })).status, 200);
      t.is((await gateway.put(`/tasks/tasks/${call.id}`, { status: 'in-progress' })).status, 200);
      t.is((await gateway.delete(`/tasks/tasks/${report.id}`)).status, 204);
      const late = await task(ada.id, { title: 'Late' });
      deliver();
      const { code, output, errors } = await command.result;
      t.is(code, 0, errors);
      t.regex(output, /3 changed/);
      const members = async (list: string) => (await redis.zrange(list, 0, '-1')).sort();
      t.deepEqual(await members(all), [milk.id, call.id, late.id].sort());
      t.deepEqual(await members(`${all}:pending`), [milk.id, late.id].sort());
      t.deepEqual(await members(`${all}:in-progress`), [call.id]);
      t.deepEqual(await members(`${all}:completed`), []);
    } finally {
      await proxy.close();
    }
  });
});
