import test from 'ava';
import { documented } from '../e2e/documented.ts';
import { startCommand } from '../stack/commands.ts';
import { entryFields } from '../stack/redis.ts';
import { type World, withStack } from '../stack/world.ts';

// Entries that this program cannot understand: of a newer one, or written by hand.

const replay = ({ stack }: World, ...args: string[]) => startCommand('replay', stack, args).result;

/** Entries that cannot be understood: of a newer schema, a deletion whose data is broken, of a newer program's type. */
const odd = [
  { type: 'user.updated', schema: '99' },
  { type: 'user.deleted', data: '{"id":' },
  { type: 'user.merged' },
];

test('what a newest entry is about that cannot be understood is left as it is, told of, and not called verified', async (t) => {
  await withStack(async (world) => {
    const { redis, user, gateway } = world;
    const other = await user({ name: 'Other' });
    const left = new Map<string, string>();
    const told: RegExp[] = [];
    for (const fields of odd) {
      const ada = await user({ name: 'Ada' });
      // As a newer program would have left it.
      left.set(`user:{0}:${ada.id}`, `9-9 1 ${JSON.stringify({ ...ada, name: 'Newer' })}`);
      const entry = await redis.xadd('user-events:{0}', '*', ...entryFields({ ...fields, subject: ada.id }));
      told.push(new RegExp(`entry ${entry} of ${ada.id} cannot be understood`));
    }
    await redis.mset(left);

    const verified = await replay(world, 'users', '--verify');
    t.is(verified.code, 1);
    for (const line of told) t.regex(verified.output, line);
    t.regex(verified.output, /0 differences, 3 not understood/);

    await redis.del(`user:{0}:${other.id}`);
    const replayed = await replay(world, 'users');
    t.is(replayed.code, 1);
    t.regex(replayed.output, /1 changed, 3 not understood/);
    for (const [key, value] of left) t.is(await redis.get(key), value);
    t.is((await gateway.get(`/users/users/${other.id}`)).status, 200);
  });
});

test('what a newer program wrote is answered 503 by an older one, and stays as it is; all else goes on', async (t) => {
  await withStack(async ({ redis, user, task, gateway }) => {
    const client = documented(gateway);
    const ada = await user({ name: 'Ada' });
    const other = await user({ name: 'Other' });
    const own = await task(ada.id);
    const userKey = `user:{0}:${ada.id}`;
    const taskKey = `task:{0}:${own.id}`;
    for (const key of [userKey, taskKey]) await redis.set(key, '9-9 99 {"id":"in a shape of its own"}');
    const before = await redis.mget(userKey, taskKey);
    const length = await redis.xlen('task-events:{0}');

    const paths = [`/users/users/${ada.id}`, `/tasks/tasks/${own.id}`];
    const answers = [
      ...(await Promise.all(paths.map((path) => client.get(path)))),
      ...(await Promise.all(paths.map((path) => client.delete(path)))),
      await client.put(paths[0] as string, { name: 'New', email: 'n@example.com' }),
      await client.put(paths[1] as string, { title: 'New' }),
      await client.get(`/tasks/tasks?userId=${ada.id}`),
      await client.get(`/tasks/tasks?userId=${ada.id}&limit=10`),
      await client.get(`/users/users/${ada.id}/tasks`),
    ];
    for (const answer of answers) {
      t.is(answer.status, 503);
      t.is(answer.headers.get('retry-after'), '1');
      t.like(answer.json(), { code: 'newer_schema' });
    }
    t.deepEqual(await redis.mget(userKey, taskKey), before);
    t.is(await redis.xlen('task-events:{0}'), length);

    await task(ada.id);
    t.is((await client.get(`/users/users/${other.id}`)).status, 200);
  });
});
