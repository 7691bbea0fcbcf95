import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import { type RawEntry, subjectOf, UndecodableEntry } from 'shared-events';
import { openBlockingRedis, openRedis } from 'shared-events/service';
import { consume, consumeBlock, groupKeys, type Handler, parkedEntries } from 'shared-events/streams';
import { type BareRedis, withBareRedis } from '../stack/bare-redis.ts';
import { until } from '../stack/until.ts';

// `consume` against a real Redis: order, retries, takeovers, parking, and what is put back.

const stream = 'letters:{0}';
const group = 'postman';
const { dead, checkpoint, lease } = groupKeys(stream, group);
const silent = pino({ level: 'silent' });
let consumers = 0;

/** A consumer of the group; `stop` ends it as a process ends that is asked to. */
function startConsumer(
  port: number,
  handle: Handler,
  options: { maxAttempts?: number; lease?: number; log?: Logger } = {},
) {
  const stopping = new AbortController();
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: port };
  const redis = openRedis({ config, log: silent });
  const consumer = `consumer-${++consumers}`;
  const running = consume({
    redis,
    stream,
    group,
    consumer,
    handle,
    connect: () => openBlockingRedis({ config, log: silent }, consumeBlock),
    signal: stopping.signal,
    log: silent,
    ...options,
  });
  return {
    consumer,
    redis,
    async stop() {
      stopping.abort();
      await running;
      redis.disconnect();
    },
  };
}

type Start = (
  handle: Handler,
  options?: Parameters<typeof startConsumer>[2],
) => ReturnType<typeof startConsumer>;

/** Gives a test a Redis of its own and consumers of it; those that the test does not stop are stopped after it. */
async function withConsumers(run: (bare: BareRedis & { start: Start }) => Promise<void>): Promise<void> {
  await withBareRedis(async (bare) => {
    const started: ReturnType<typeof startConsumer>[] = [];
    const start: Start = (handle, options) => {
      const consumer = startConsumer(bare.port, handle, options);
      started.push(consumer);
      return consumer;
    };
    try {
      await run({ ...bare, start });
    } finally {
      for (const consumer of started) await consumer.stop();
    }
  });
}

const add = (redis: Redis, subject: string, text: string) =>
  redis.xadd(
    stream,
    '*',
    'type',
    'letter',
    'subject',
    subject,
    'data',
    text,
    'schema',
    '1',
  ) as Promise<string>;
const textOf = ([, fields]: RawEntry) => fields[5] ?? '';
const pendingCount = async (redis: Redis) => ((await redis.xpending(stream, group)) as [number])[0];

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
    const consumer = start(async (entry) => {
      if (textOf(entry) === 'hard' && failures++ < 2) throw new Error('not yet');
      handled.push(textOf(entry));
    });
    await add(redis, 'a', 'hard');
    await add(redis, 'a', 'behind hard');
    await add(redis, 'b', 'elsewhere');
    await until('all are handled', () => handled.length === 3);
    t.deepEqual(handled, ['elsewhere', 'hard', 'behind hard']);
    t.is(failures, 3);
    await consumer.stop();
    t.is(await redis.xlen(dead), 0);
  });
});

test('what never succeeds is parked with its reason, what cannot be understood at once; put back, it comes again', async (t) => {
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
    const parked = parkedEntries({ redis, stream, group });
    await until('both are parked', async () => (await parked.list()).length === 2);
    await until('the subject goes on', () => handled.includes('behind poison'));
    const list = await parked.list();
    const find = (origin: string) => list.find(({ entry }) => entry[0] === origin);
    t.like(find(poison), { code: 'attempts_exhausted', reason: 'it will not do', attempts: 3 });
    t.like(find(nonsense), { code: 'unknown_type', attempts: 1 });
    t.is(textOf(find(poison)?.entry as RawEntry), 'poison');
    await until('nothing is pending', async () => (await pendingCount(redis)) === 0);

    await redis.xgroup('CREATE', stream, 'another', '$');
    broken = false;
    await parked.requeue(find(poison)?.id as string);
    await until('it is handled', () => handled.includes('poison'));
    t.is(((await redis.xpending(stream, 'another')) as [number])[0], 0, 'another group does not see it');
    await parked.drop(find(nonsense)?.id as string);
    t.deepEqual(await parked.list(), []);
    await t.throwsAsync(parked.drop('1-1'), { code: 'not_parked' } as never);
    await consumer.stop();
  });
});

test('a slow handler is not run twice while it lives; what a dead consumer left is taken over and finished', async (t) => {
  await withConsumers(async ({ start, redis }) => {
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
      { lease: 300 },
    );
    await add(redis, 'a', 'slow');
    await until('it is being handled', () => runs === 1);
    const second = start(
      async () => {
        runs += 1;
      },
      { lease: 300 },
    );
    const since = performance.now();
    await until('several leases have passed', () => performance.now() - since > 1200);
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

test('an entry that kills its consumer again and again is parked, not those behind it', async (t) => {
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
        { maxAttempts: 3, lease: 200 },
      );
      await until(
        'it is dead, or has parked it',
        async () => victim.redis.status === 'end' || (await redis.xlen(dead)) > 0,
      );
      await victim.stop();
    }
    const [parked] = await parkedEntries({ redis, stream, group }).list();
    t.is(parked?.entry[0], poison);
    t.is(deaths, 3);
    const last = start(async (entry) => void handled.push(textOf(entry)));
    await until('the innocent is handled', () => handled.includes('innocent'));
    await last.stop();
  });
});

test('progress keeps a long work that is interrupted from being parked', async (t) => {
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

test('over a Redis that is restarted, every entry is handled, in order', async (t) => {
  await withConsumers(async ({ start, redis, process }) => {
    const handled: string[] = [];
    const consumer = start(async (entry) => void handled.push(textOf(entry)));
    for (let n = 0; n < 300; n++) await add(redis, 'a', String(n));
    await process.stop();
    await process.start();
    for (let n = 300; n < 600; n++) await add(redis, 'a', String(n));
    await until('all are handled', () => new Set(handled).size === 600);
    const firsts = [...new Set(handled)];
    t.deepEqual(
      firsts,
      Array.from({ length: 600 }, (_, n) => String(n)),
    );
    await consumer.stop();
    t.is(await pendingCount(redis), 0);
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
