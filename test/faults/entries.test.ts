import { setTimeout as lasts } from 'node:timers/promises';
import type { RawEntry } from 'shared-events';
import { deadLetters } from 'shared-events/streams';
import { seed } from '../stack/api.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { survive } from './survive.ts';
import type { World } from './world.ts';

// What somebody with a redis-cli can do to streams and keys.

const users = 'user-events:{0}';
const tasks = 'task-events:{0}';
const cascade = (world: World) => deadLetters({ redis: world.redis, stream: users, group: 'cascade' });

const poisonFields = (odd: Parameters<typeof entryFields>[0]) => entryFields({ subject: 'poison', ...odd });

/** Entries that nobody can understand, with the code under which a group parks them. */
const poison: Record<string, string[][]> = {
  malformed_entry: [
    ['hello', 'world'],
    ['type', 'user.deleted', 'subject', 'poison'],
    poisonFields({ schema: 'one' }),
  ],
  unknown_type: [poisonFields({ type: 'user.promoted' }), poisonFields({ type: '' })],
  unknown_schema: [poisonFields({ schema: '99' })],
  invalid_data: [
    poisonFields({ data: '{"id":' }),
    poisonFields({ data: '"x"' }),
    poisonFields({ data: 'x'.repeat(5_000_000) }),
  ],
};

/** Takes every subject there is now out of what is checked, with what clients know of them. */
async function forgetAll({ redis, history, exempt }: World): Promise<void> {
  for (const key of await redis.keys('*:{0}:*')) exempt.add(key.split(':')[2] ?? '');
  Object.assign(history, { written: [], asked: [], refused: [] });
}

survive([
  {
    name: 'entries that nobody can understand, one of them of 5 MB',
    short: true,
    async inject(world) {
      const { redis, exempt } = world;
      exempt.add('poison').add('');
      const entries = Object.values(poison).flat();
      const ids: (string | null)[] = [];
      for (const fields of entries) ids.push(await redis.xadd(users, '*', ...fields));
      for (const fields of entries) await redis.xadd(tasks, '*', ...fields);
      await until(
        'the cascade has given up each of them',
        async () => (await cascade(world).list()).length === entries.length,
      );
      // Entries of different subjects are given up in any order.
      const found = new Map((await cascade(world).list()).map(({ entry: [id], code }) => [id, code]));
      const codes = ids.map((id) => found.get(id ?? ''));
      const expected = Object.entries(poison).flatMap(([code, all]) => all.map(() => code));
      if (codes.join() !== expected.join()) throw new Error(`given up as ${codes}`);
    },
  },
  {
    name: 'entries of users that come twice, late, or again after the end',
    async inject({ redis, gateway, exempt }) {
      const { user, task } = seed(gateway);
      const [ada, bob] = [await user(), await user()];
      for (const { id } of [ada, bob]) exempt.add(id);
      for (const { id } of [await task(ada.id), await task(bob.id)]) exempt.add(id);
      await gateway.put(`/users/users/${ada.id}`, { name: 'Ada Lovelace', email: ada.email });
      await gateway.delete(`/users/users/${bob.id}`);
      const entries = (await redis.xrange(users, '-', '+')) as RawEntry[];
      for (const [, fields] of entries.filter(
        ([, fields]) => fields.includes(ada.id) || fields.includes(bob.id),
      ))
        await redis.xadd(users, '*', ...fields);
      const answer = await gateway.get(`/users/users/${ada.id}`);
      if (answer.json<{ name: string }>().name !== 'Ada Lovelace')
        throw new Error(`an older event won: ${answer.text}`);
      await until(
        "bob's task is gone",
        async () => (await gateway.get(`/tasks/tasks?userId=${bob.id}`)).text === '[]',
      );
    },
  },
  {
    name: 'the consumer group is destroyed, three times',
    async inject({ redis }) {
      for (let time = 0; time < 3; time++) {
        await redis.xgroup('DESTROY', users, 'cascade');
        await until(
          'the group is there again',
          async () => ((await redis.xinfo('GROUPS', users)) as unknown[]).length === 1,
        );
        await lasts(300);
      }
    },
  },
  {
    name: 'the stream of users is deleted, with all that was in it',
    async inject(world) {
      await world.atRest(async () => {
        await forgetAll(world);
        await world.redis.del(users);
      });
    },
  },
  {
    name: 'the projection is something else, and then gone',
    unknowable: true,
    async inject({ redis }) {
      await redis.set('known-users:{0}', 'no hash');
      await lasts(1500);
      await redis.del('known-users:{0}');
    },
  },
  {
    name: 'a stream is something else for a while',
    unknowable: true,
    async inject({ redis }) {
      for (const stream of [users, tasks]) {
        await redis.multi().rename(stream, 'elsewhere:{0}').set(stream, 'no stream').exec();
        await lasts(1500);
        await redis.rename('elsewhere:{0}', stream);
      }
    },
  },
]);
