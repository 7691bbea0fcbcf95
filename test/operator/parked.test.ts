import test from 'ava';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withOperator } from './world.ts';

// What operators do with parked entries.

interface Parked {
  stream: string;
  group: string;
  id: string;
  code: string;
  origin: string;
}

const pathOf = ({ stream, group, id }: Parked) => `/parked/${encodeURIComponent(stream)}/${group}/${id}`;

test('parked entries are listed with their reason, put back, and dropped', async (t) => {
  await withOperator(async ({ redis, operator }) => {
    const list = async () => (await operator.get('/parked')).json<{ parked: Parked[] }>().parked;
    const origin = await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed' }));
    const [first] = await until('it is parked', async () => {
      const all = await list();
      return all.length === 1 && all;
    });
    t.like(first, { stream: 'user-events:{0}', group: 'cascade', code: 'unknown_type', origin });
    t.is((await operator.post(`${pathOf(first as Parked)}/requeue`)).status, 204);
    const [again] = await until('it is parked anew', async () => {
      const all = await list();
      return all.length === 1 && all[0]?.id !== first?.id && all;
    });
    t.is((await operator.post(`${pathOf(first as Parked)}/requeue`)).status, 404);
    await redis.xdel('user-events:{0}', origin as string);
    t.is(
      (await operator.post(`${pathOf(again as Parked)}/requeue`)).json<{ code: string }>().code,
      'entry_gone',
    );
    t.is((await operator.delete(pathOf(again as Parked))).status, 204);
    t.is((await operator.delete(pathOf(again as Parked))).status, 404);
    t.deepEqual(await list(), []);
    for (const path of [
      '/parked/elsewhere/cascade/1-1',
      '/parked/user-events:%7B0%7D/cascade/x',
      '/parked/user-events:%7B9%7D/cascade/1-1',
    ]) {
      t.is((await operator.delete(path)).status, 404, path);
    }
    t.is(await redis.xlen('user-events:{0}'), 0);
    t.deepEqual(await redis.acl('LOG'), []);
  });
});

test('a group of the task events may have parked entries too, and so many that only the first are told', async (t) => {
  await withOperator(async ({ redis, operator, user, task }) => {
    const { id } = await user();
    await task(id);
    const [entry] = await redis.xrange('task-events:{0}', '-', '+');
    await redis.xgroup('CREATE', 'task-events:{0}', 'greeter', '$');
    const dead = 'task-events:{0}:dead:greeter';
    const parked = (await redis.xadd(
      dead,
      '*',
      'origin',
      entry?.[0] ?? '',
      'code',
      'x',
      'reason',
      'y',
      'attempts',
      '1',
    )) as string;
    t.is(
      (
        await operator.post(
          pathOf({ stream: 'task-events:{0}', group: 'greeter', id: parked, code: '', origin: '' }) +
            '/requeue',
        )
      ).status,
      204,
    );
    const [pending] = (await redis.xpending('task-events:{0}', 'greeter')) as [number];
    t.is(pending, 1);
    t.is(await redis.xlen(dead), 0);

    const many = redis.pipeline();
    for (let n = 0; n < 600; n++)
      many.xadd(dead, '*', 'origin', `${n}-1`, 'code', 'x', 'reason', 'y', 'attempts', '1');
    await many.exec();
    const { total, parked: told } = (await operator.get('/parked')).json<{
      total: number;
      parked: Parked[];
    }>();
    t.is(total, 600);
    t.deepEqual(
      told.map(({ origin }) => origin),
      Array.from({ length: 500 }, (_, n) => `${n}-1`),
    );
    t.deepEqual(await redis.acl('LOG'), []);
  });
});
