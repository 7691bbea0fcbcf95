import test from 'ava';
import { startCommand } from '../stack/commands.ts';
import { entryFields } from '../stack/redis.ts';
import { type World, withStack } from '../stack/world.ts';

// Entries that this program cannot understand: of a newer one, or written by hand.

const replay = ({ stack }: World, ...args: string[]) => startCommand('replay', stack, args).result;

for (const [what, odd] of [
  ['of a newer schema', { type: 'user.updated', schema: '99' }],
  ['a deletion whose data is broken', { type: 'user.deleted', data: '{"id":' }],
  ['of a type that only a newer program knows', { type: 'user.merged' }],
] as const) {
  test(`what a newest entry is about, ${what}, is left as it is, told of, and not called verified`, async (t) => {
    await withStack(async (world) => {
      const { redis, user, gateway } = world;
      const ada = await user({ name: 'Ada' });
      const other = await user({ name: 'Other' });
      const key = `user:{0}:${ada.id}`;
      // As a newer program would have left it.
      await redis.set(key, `9-9 1 ${JSON.stringify({ ...ada, name: 'Newer' })}`);
      const entry = await redis.xadd('user-events:{0}', '*', ...entryFields({ ...odd, subject: ada.id }));
      const before = await redis.get(key);

      const verified = await replay(world, 'users', '--verify');
      t.is(verified.code, 1);
      t.regex(verified.output, new RegExp(`entry ${entry} of ${ada.id} cannot be understood`));
      t.regex(verified.output, /0 differences, 1 not understood/);

      await redis.del(`user:{0}:${other.id}`);
      const replayed = await replay(world, 'users');
      t.is(replayed.code, 1);
      t.regex(replayed.output, /1 changed, 1 not understood/);
      t.is(await redis.get(key), before);
      t.is((await gateway.get(`/users/users/${other.id}`)).status, 200);
    });
  });
}
