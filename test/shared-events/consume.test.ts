import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { pino } from 'pino';
import { type RawEntry, subjectOf, UndecodableEntry } from 'shared-events';
import { deadLetters } from 'shared-events/streams';
import { RedisUnavailable } from '../../shared-events/src/redis/unavailable.ts';
import { consumerGroup, LeaseLost } from '../../shared-events/src/streams/group.ts';
import { settling } from '../../shared-events/src/streams/settle.ts';
import { until } from '../stack/until.ts';
import { add, dead, group, lease, pendingCount, stream, textOf, withConsumers } from './consumers.ts';

// `consume` against a real Redis: order, retries, parking, and what is put back.

test('every entry is handled once, those of a subject in order and one at a time, others meanwhile', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const seen = new Map<string, string[]>();
    const busy = new Set<string>();
    let most = 0;
    const consumer = start(async (entry) => {
      const subject = subjectOf(entry);
      t.false(busy.has(subject));
      busy.add(subject);
      most = Math.max(most, busy.size);
      await delay(1);
      seen.set(subject, [...(seen.get(subject) ?? []), textOf(entry)]);
      busy.delete(subject);
    });
    for (let n = 0; n < 300; n++) await add(redis, `subject-${n % 10}`, String(n));
    await until('all are handled', () => [...seen.values()].flat().length === 300);
    for (const texts of seen.values())
      t.deepEqual(
        texts,
        texts.toSorted((a, b) => Number(a) - Number(b)),
      );
    t.true(most > 1);
    await consumer.stop();
    t.is(await pendingCount(redis), 0);
    t.is(await redis.get(lease), null);
  });
});

test('an entry that fails is tried again with pauses, its subject waits, and others go on', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const handled: string[] = [];
    let failures = 0;
    // Before it begins: one read is to give all three.
    await add(redis, 'a', 'hard');
    await add(redis, 'a', 'behind hard');
    await add(redis, 'b', 'elsewhere');
    const consumer = start(async (entry) => {
      if (textOf(entry) === 'hard' && failures++ < 2) throw new Error('not yet');
      handled.push(textOf(entry));
    });
    await until('all are handled', () => handled.length === 3);
    t.deepEqual(handled, ['elsewhere', 'hard', 'behind hard']);
    t.is(failures, 3);
    await consumer.stop();
    t.is(await redis.xlen(dead), 0);
  });
});

test('what never succeeds becomes a dead letter with its reason, what cannot be understood at once; put back, it comes again', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const handled: string[] = [];
    let broken = true;
    const consumer = start(
      async (entry) => {
        if (broken && textOf(entry) === 'poison') throw new Error('it will not do');
        if (broken && textOf(entry) === 'nonsense')
          throw new UndecodableEntry('unknown_type', entry[0], 'no such letter');
        handled.push(textOf(entry));
      },
      { maxAttempts: 3 },
    );
    const poison = await add(redis, 'a', 'poison');
    const nonsense = await add(redis, 'b', 'nonsense');
    await add(redis, 'a', 'behind poison');
    const letters = deadLetters({ redis, stream, group });
    await until('both are dead letters', async () => (await letters.list()).length === 2);
    await until('the subject goes on', () => handled.includes('behind poison'));
    const list = await letters.list();
    const find = (origin: string) => list.find(({ entry }) => entry[0] === origin);
    t.like(find(poison), { code: 'attempts_exhausted', reason: 'it will not do', attempts: 3 });
    t.like(find(nonsense), { code: 'unknown_type', attempts: 1 });
    t.is(textOf(find(poison)?.entry as RawEntry), 'poison');
    await until('nothing is pending', async () => (await pendingCount(redis)) === 0);

    await redis.xgroup('CREATE', stream, 'another', '$');
    broken = false;
    await letters.requeue(find(poison)?.id as string);
    await until('it is handled', () => handled.includes('poison'));
    t.is(((await redis.xpending(stream, 'another')) as [number])[0], 0, 'another group does not see it');
    await letters.drop(find(nonsense)?.id as string);
    t.deepEqual(await letters.list(), []);
    await t.throwsAsync(letters.drop('1-1'), { code: 'no_dead_letter' } as never);
    await consumer.stop();
  });
});

test('a dead letter whose step is made again, because its reply was lost, is there once', async (t) => {
  await withConsumers(async ({ redis }) => {
    const postman = consumerGroup(redis, stream, group, 'one');
    await postman.ensure();
    await redis.set(lease, 'one');
    await add(redis, 'a', 'hopeless');
    const [entry] = await postman.readNew(redis, 1, 1000);
    const why = { code: 'attempts_exhausted', reason: 'hopeless', attempts: 5 };
    for (let time = 0; time < 2; time++) await postman.park(entry?.[0] ?? '', why);
    t.is(await redis.xlen(dead), 1);
    t.is(await pendingCount(redis), 0);
  });
});

test('a try that may not be made, because the lease has ended, is not counted', async (t) => {
  await withConsumers(async ({ redis }) => {
    const postman = consumerGroup(redis, stream, group, 'one');
    await postman.ensure();
    await redis.set(lease, 'one');
    await add(redis, 'a', 'late');
    const [entry] = (await postman.readNew(redis, 1, 1000)) as [RawEntry];
    const { settle } = settling(async () => undefined, {
      group: postman,
      isHeld: () => false,
      fence: { key: lease, holder: 'one' },
      concurrency: 1,
      maxAttempts: 5,
      onEvent: () => undefined,
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
    });
    await t.throwsAsync(settle({ entry, isFirst: false }), { instanceOf: LeaseLost });
    const [[, , , tries] = []] = (await redis.xpending(stream, group, '-', '+', 1)) as number[][];
    t.is(tries, 1);
  });
});

test('an entry with thousands of fields, and names that are no text, becomes a dead letter and can be put back', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    let broken = true;
    const handled: string[] = [];
    const consumer = start(
      async ([id]) => {
        if (broken) throw new Error('it will not do');
        handled.push(id);
      },
      { maxAttempts: 1 },
    );
    const fields = Array.from({ length: 10_000 }, (_, n) => `field ${n}`);
    const big = (await redis.xadd(stream, '*', ...fields)) as string;
    const odd = (await redis.xadd(stream, '*', Buffer.from([0xff, 0x00, 0xfe]), '\u0000')) as string;
    const letters = deadLetters({ redis, stream, group });
    await until('both are dead letters', async () => (await letters.list()).length === 2);
    const list = await letters.list();
    t.deepEqual(list.find(({ entry }) => entry[0] === big)?.entry[1], fields);
    broken = false;
    for (const { id } of list) await letters.requeue(id);
    await until('both are handled', () => handled.length === 2);
    t.deepEqual(handled.toSorted(), [big, odd].toSorted());
    await consumer.stop();
  });
});

test('what fails because Redis is away is tried until it is back, and is no dead letter', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    let failures = 0;
    const handled: string[] = [];
    const consumer = start(
      async (entry) => {
        if (failures < 3) {
          failures += 1;
          throw new RedisUnavailable('not confirmed by 1 replicas');
        }
        handled.push(textOf(entry));
      },
      { maxAttempts: 1 },
    );
    await add(redis, 'a', 'first');
    await add(redis, 'a', 'second');
    await until('both are handled', () => handled.length === 2);
    t.deepEqual(handled, ['first', 'second']);
    await consumer.stop();
    t.is(await redis.xlen(dead), 0);
    t.is(await pendingCount(redis), 0);
  });
});

test('progress keeps a long work that is interrupted from becoming a dead letter', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    let runs = 0;
    let done = false;
    const consumer = start(
      async (_, { progress }) => {
        runs += 1;
        await progress();
        if (runs < 6) throw new Error('interrupted');
        done = true;
      },
      { maxAttempts: 2 },
    );
    await add(redis, 'a', 'long');
    await until('it is done', () => done, 30_000);
    t.is(await redis.xlen(dead), 0);
    await consumer.stop();
  });
});
