import test from 'ava';
import { pino } from 'pino';
import { deadLetters } from 'shared-events/streams';
import { until } from '../stack/until.ts';
import {
  add,
  checkpoint,
  dead,
  group,
  lease,
  pendingCount,
  stream,
  textOf,
  withConsumers,
} from './consumers.ts';

// `consume` when consumers die, and when the group, the stream or Redis itself goes away under them.

test('a slow handler is not run twice while it lives; what a dead consumer left is taken over and finished', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    // Longer than a busy machine may hold up who renews it.
    const time = 5000;
    let runs = 0;
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = start(
      async () => {
        runs += 1;
        await finished;
      },
      { lease: time },
    );
    await add(redis, 'a', 'slow');
    await until('it is being handled', () => runs === 1);
    const second = start(
      async () => {
        runs += 1;
      },
      { lease: time },
    );
    const since = performance.now();
    await until('more than a lease has passed', () => performance.now() - since > 1.5 * time);
    t.is(runs, 1);

    // As good as dead: it cannot renew its lease any more, and does not know.
    slow.redis.disconnect();
    await until('the other has taken over', () => runs === 2);
    await until('nothing is pending', async () => (await pendingCount(redis)) === 0);
    const infos = (await redis.xinfo('CONSUMERS', stream, group)) as unknown[][];
    t.deepEqual(
      infos.map((info) => info[1]),
      [second.consumer],
      'the dead one is removed',
    );
    finish();
    await second.stop();
    await t.notThrowsAsync(slow.stop());
  });
});

test('an entry that kills its consumer again and again becomes a dead letter, not those behind it', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const handled: string[] = [];
    let deaths = 0;
    const poison = await add(redis, 'a', 'poison');
    await add(redis, 'b', 'innocent');
    for (let run = 0; run < 8 && (await redis.xlen(dead)) === 0; run++) {
      const victim = start(
        async (entry, { signal }) => {
          if (textOf(entry) === 'poison') {
            deaths += 1;
            victim.redis.disconnect();
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
          }
          handled.push(textOf(entry));
        },
        { maxAttempts: 3 },
      );
      await until(
        'it is dead, or has given it up',
        async () => victim.redis.status === 'end' || (await redis.xlen(dead)) > 0,
      );
      await victim.stop();
      // As it ends by itself, some time after a death.
      await redis.del(lease);
    }
    const [letters] = await deadLetters({ redis, stream, group }).list();
    t.is(letters?.entry[0], poison);
    t.is(deaths, 3);
    const last = start(async (entry) => void handled.push(textOf(entry)));
    await until('the innocent is handled', () => handled.includes('innocent'));
    await last.stop();
  });
});

test('a group that vanished is made again where it was; a stream begun anew is read from its beginning', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const handled: string[] = [];
    const consumer = start(async (entry) => void handled.push(textOf(entry)));
    for (const text of ['one', 'two']) await add(redis, 'a', text);
    const last = await add(redis, 'a', 'three');
    await until('all are settled', async () => (await redis.get(checkpoint)) === last);
    await redis.xgroup('DESTROY', stream, group);
    await add(redis, 'a', 'four');
    await until('the new one is handled', () => handled.includes('four'));
    t.deepEqual(handled, ['one', 'two', 'three', 'four']);

    await redis.del(stream);
    await redis.xadd(stream, '1-1', 'type', 'letter', 'subject', 'a', 'data', 'old', 'schema', '1');
    await until('what is there is handled', () => handled.includes('old'));
    await consumer.stop();
  });
});

test('a group that vanished after the end of its stream was compacted handles nothing again', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const handled: string[] = [];
    const consumer = start(async (entry) => void handled.push(textOf(entry)));
    for (const text of ['one', 'two']) await add(redis, 'a', text);
    const last = await add(redis, 'a', 'three');
    await until('all are settled', async () => (await redis.get(checkpoint)) === last);
    await redis.xdel(stream, last);
    await redis.xgroup('DESTROY', stream, group);
    await add(redis, 'a', 'four');
    await until('the new one is handled', () => handled.includes('four'));
    t.deepEqual(handled, ['one', 'two', 'three', 'four']);
    await consumer.stop();
  });
});

test('over a Redis that is restarted, every entry is handled, in order', async (t) => {
  await withConsumers(async ({ start, redis, process }) => {
    const handled: string[] = [];
    const consumer = start(async (entry) => void handled.push(textOf(entry)));
    for (let n = 0; n < 300; n++) await add(redis, 'a', String(n));
    await process.stop();
    await process.start();
    for (let n = 300; n < 600; n++) await add(redis, 'a', String(n));
    await until('all are handled', () => new Set(handled).size === 600, 60_000);
    const firsts = [...new Set(handled)];
    t.deepEqual(
      firsts,
      Array.from({ length: 600 }, (_, n) => String(n)),
    );
    await consumer.stop();
    t.is(await pendingCount(redis), 0);
  });
});

test('a consumer stops at once while its connections are being made anew', async (t) => {
  await withConsumers(async ({ start, redis, process }) => {
    const consumers = [1, 2, 3, 4].map(() => start(async () => undefined));
    await add(redis, 'a', 'one');
    await until('it is settled', async () => (await pendingCount(redis)) === 0);
    await process.stop();
    await until('the connections are away', () =>
      consumers.every((consumer) => consumer.redis.status === 'reconnecting'),
    );
    const began = performance.now();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    t.true(performance.now() - began < 5000);
    await process.start();
  });
});

test('entries that were removed before the group read them are told of', async (t) => {
  await withConsumers(async ({ start, redis }) => {
    const first = start(async () => undefined);
    const one = await add(redis, 'a', 'one');
    await until('it is settled', async () => (await redis.get(checkpoint)) === one);
    await first.stop();
    for (const text of ['two', 'three', 'four']) await add(redis, 'a', text);
    await redis.xtrim(stream, 'MAXLEN', '1');
    const lines: string[] = [];
    const handled: string[] = [];
    const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
    start(async (entry) => void handled.push(textOf(entry)), { log });
    await until('what is left is handled', () => handled.includes('four'));
    t.like(JSON.parse(lines[0] ?? '{}'), { unread: 2 });
    t.is(lines.length, 1);
  });
});

test('over a Redis that forgets how many entries were read, none is said to be removed', async (t) => {
  await withConsumers(async ({ start, redis, process }) => {
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line) => void lines.push(line) });
    const handled: string[] = [];
    let holding = false;
    const consumer = start(
      async (entry) => {
        await until('it may go on', () => !holding);
        handled.push(textOf(entry));
      },
      { log },
    );
    await add(redis, 'a', 'one');
    await until('it is settled', async () => handled.length === 1 && (await pendingCount(redis)) === 0);
    // From now on the file has what was read, as the group was then, and what was given to whom since.
    await redis.bgrewriteaof();
    await until('the file is written', async () =>
      /aof_rewrite_in_progress:0[\s\S]*aof_last_bgrewrite_status:ok/.test(await redis.info('persistence')),
    );
    for (const text of ['two', 'three']) await add(redis, 'a', text);
    await until('they are settled', async () => handled.length === 3 && (await pendingCount(redis)) === 0);
    holding = true;
    for (const text of ['four', 'five']) await add(redis, 'a', text);
    await until('they are given out', async () => (await pendingCount(redis)) === 2);
    process.kill('SIGKILL');
    await process.ended();
    await process.start();
    holding = false;
    await until(
      'all are settled',
      async () => new Set(handled).size === 5 && (await pendingCount(redis)) === 0,
    );
    await add(redis, 'a', 'six');
    await until(
      'what is new is settled',
      async () => handled.includes('six') && (await pendingCount(redis)) === 0,
    );
    await consumer.stop();
    await start(async () => undefined, { log }).stop();
    t.deepEqual(
      lines.filter((line) => line.includes('removed')),
      [],
    );
  });
});
