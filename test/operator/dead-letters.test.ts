import test from 'ava';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { sharedStack } from '../stack/world.ts';
import { operatorApi } from './world.ts';

// What operators do with dead letters.

const shared = sharedStack(test);

interface DeadLetter {
  stream: string;
  group: string;
  id: string;
  code: string;
  origin: string;
}

const pathOf = ({ stream, group, id }: DeadLetter) =>
  `/dead-letters/${encodeURIComponent(stream)}/${group}/${id}`;

test.serial('dead letters are listed with their reason, put back, and dropped', async (t) => {
  const { stack, redis } = shared;
  const operator = operatorApi(stack.urls.operator);
  const list = async () =>
    (await operator.get('/dead-letters')).json<{ deadLetters: DeadLetter[] }>().deadLetters;
  const origin = await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed' }));
  const [first] = await until('it is a dead letter', async () => {
    const all = await list();
    return all.length === 1 && all;
  });
  t.like(first, { stream: 'user-events:{0}', group: 'cascade', code: 'unknown_type', origin });
  t.is((await operator.post(`${pathOf(first as DeadLetter)}/requeue`)).status, 204);
  const [again] = await until('it is a dead letter anew', async () => {
    const all = await list();
    return all.length === 1 && all[0]?.id !== first?.id && all;
  });
  t.is((await operator.post(`${pathOf(first as DeadLetter)}/requeue`)).status, 404);
  await redis.xdel('user-events:{0}', origin as string);
  t.is(
    (await operator.post(`${pathOf(again as DeadLetter)}/requeue`)).json<{ code: string }>().code,
    'entry_gone',
  );
  t.is((await operator.delete(pathOf(again as DeadLetter))).status, 204);
  t.is((await operator.delete(pathOf(again as DeadLetter))).status, 404);
  t.deepEqual(await list(), []);
  for (const path of [
    '/dead-letters/elsewhere/cascade/1-1',
    '/dead-letters/user-events:%7B0%7D/cascade/x',
    '/dead-letters/user-events:%7B9%7D/cascade/1-1',
  ]) {
    t.is((await operator.delete(path)).status, 404, path);
  }
  t.is(await redis.xlen('user-events:{0}'), 0);
  t.deepEqual(await redis.acl('LOG'), []);
});

test.serial(
  'a group of the task events may have dead letters too, and so many that only the first are told',
  async (t) => {
    const { stack, redis, user, task } = shared;
    const operator = operatorApi(stack.urls.operator);
    const { id } = await user();
    await task(id);
    const [entry] = await redis.xrange('task-events:{0}', '-', '+');
    await redis.xgroup('CREATE', 'task-events:{0}', 'greeter', '$');
    const dead = 'task-events:{0}:dead:greeter';
    const letter = (await redis.xadd(
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
          pathOf({ stream: 'task-events:{0}', group: 'greeter', id: letter, code: '', origin: '' }) +
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
    const { total, deadLetters: told } = (await operator.get('/dead-letters')).json<{
      total: number;
      deadLetters: DeadLetter[];
    }>();
    t.is(total, 600);
    t.deepEqual(
      told.map(({ origin }) => origin),
      Array.from({ length: 500 }, (_, n) => `${n}-1`),
    );
    t.deepEqual(await redis.acl('LOG'), []);
  },
);
