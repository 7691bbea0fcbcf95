import test from 'ava';
import { startCommand } from '../stack/commands.ts';
import { withStack } from '../stack/world.ts';

// The number of partitions is the data's, whatever a command's environment says.

const replayWith = (stack: Parameters<typeof startCommand>[1], said: string, ...args: string[]) =>
  startCommand('replay', stack, args, 1, { PARTITIONS: said }).result;

test('a command that is told no number looks at every partition, and one that is told another is refused', async (t) => {
  await withStack(
    async ({ stack, redis, user }) => {
      const inLast = () => redis.keys('user:{3}:*');
      while ((await inLast()).length < 3) await user();
      const keys = await inLast();
      await redis.del(...keys);
      const found = await replayWith(stack, '', 'users', '--verify');
      t.is(found.code, 1);
      t.regex(found.output, new RegExp(` ${keys.length} differences`));
      for (const said of ['1', '8']) {
        const refused = await replayWith(stack, said, 'users');
        t.is(refused.code, 2);
        t.regex(
          refused.errors,
          new RegExp(`written with PARTITIONS=4, but the variable says PARTITIONS=${said}`),
        );
      }
    },
    { env: { PARTITIONS: '4' } },
  );
});
