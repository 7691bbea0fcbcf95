import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isId, newId, type RawEntry, userEvents } from 'shared-events';
import { projectionReplay } from '../../shared-events/src/streams/projection-replay.ts';
import { knownUsers } from '../../task-service/src/known-users.ts';
import { withBareRedis } from '../stack/bare-redis.ts';
import { startCommand } from '../stack/commands.ts';
import { entryFields } from '../stack/redis.ts';
import { until, untilTold } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// What compaction must not do to replays, and to the past.

const stream = userEvents.key(0);

test('a replay under which entries are removed begins again, and brings no deleted user back', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const gone = newId();
    const created = await redis.xadd(stream, '*', ...entryFields({ type: 'user.created', subject: gone }));
    for (let n = 0; n < 1500; n++) {
      await redis.xadd(stream, '*', ...entryFields({ type: 'user.created', subject: newId() }));
    }
    const deleted = await redis.xadd(stream, '*', ...entryFields({ type: 'user.deleted', subject: gone }));
    let removing: Promise<number> | undefined;
    await projectionReplay(redis, knownUsers, 0).replay('replay', new AbortController().signal, {
      // On the same connection: it is done before the next page but one is read.
      onRead: () => {
        removing ??= redis.xdel(stream, created as string, deleted as string);
      },
      onDifference: () => undefined,
      onUnreadable: (what) => t.fail(what),
    });
    t.is(await removing, 2);
    const known = Object.keys(await redis.hgetall('known-users:{0}')).filter(isId);
    t.is(known.length, 1500);
    t.false(known.includes(gone));
  });
});

test('what comes while a replay compares is in the projection that it puts in place', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const stale = newId();
    await redis.hset('known-users:{0}', stale, '1-1');
    await redis.xadd(stream, '*', ...entryFields({ type: 'user.created', subject: newId() }));
    const late = newId();
    let adding: Promise<unknown> | undefined;
    await projectionReplay(redis, knownUsers, 0).replay('replay', new AbortController().signal, {
      onRead: () => undefined,
      // The two have been compared; on the same connection, this comes before what follows.
      onDifference: () => {
        adding ??= redis.xadd(stream, '*', ...entryFields({ type: 'user.created', subject: late }));
      },
      onUnreadable: (what) => t.fail(what),
    });
    await adding;
    const known = await redis.hgetall('known-users:{0}');
    t.true(late in known);
    t.false(stale in known);
  });
});

test('while a replay reads a stream, a compaction of it is refused, and says who is at it', async (t) => {
  await withStack(async ({ stack, redis, user }) => {
    await user();
    await redis.set(`${stream}:lock`, 'somehost:42 (replay of users)', 'PX', 60_000);
    const { code, errors } = await startCommand('events', stack, ['compact', '--older-than', '0s']).result;
    t.is(code, 2);
    t.regex(errors, /somehost:42 \(replay of users\) is at it already/);
  });
});

test('a creation that is sent again after its document was deleted and compacted is told so', async (t) => {
  await withStack(async ({ stack, gateway }) => {
    const create = () =>
      gateway.post('/users/users', { name: 'Ada', email: 'a@example.com' }, { 'Idempotency-Key': 'once' });
    const { id } = (await create()).json<{ id: string }>();
    await gateway.delete(`/users/users/${id}`);
    t.is((await create()).json<{ id: string }>().id, id);
    await untilTold('its events are removed', async () => {
      const { output } = await startCommand('events', stack, ['compact', '--older-than', '0s']).result;
      return /user-events:\{0\}: removed 0 superseded updates and 2 entries/.test(output);
    });
    const answer = await create();
    t.is(answer.status, 409);
    t.like(answer.json(), { code: 'idempotency_answer_gone' });
  });
});

test('a past that was compacted cannot be asked for; what is younger can, as it was', async (t) => {
  await withStack(async ({ stack, redis, gateway, user }) => {
    const ada = await user({ name: 'one' });
    const path = `/users/users/${ada.id}`;
    const put = (name: string) => gateway.put(path, { name, email: ada.email });
    await put('two');
    await put('three');
    const entries = (await redis.xrange(stream, '-', '+')) as RawEntry[];
    await until('these are old', async () => {
      const [now] = await redis.time();
      return Number(now) * 1000 > Number.parseInt(entries.at(-1)?.[0] ?? '', 10);
    });
    await untilTold('every reader has passed them', async () => {
      const { output } = await startCommand('events', stack, ['compact', '--older-than', '0s', '--dry-run'])
        .result;
      return /user-events:\{0\}: would remove 1 superseded/.test(output);
    });
    t.is((await startCommand('events', stack, ['compact', '--older-than', '0s']).result).code, 0);
    const mark = (await redis.get(`${stream}:compacted`)) as string;
    await put('four');
    const file = join(stack.dir, 'users.jsonl');
    const at = (id: string) => startCommand('replay', stack, ['users', '--until', id, '--to', file]).result;
    const past = await at(entries[1]?.[0] as string);
    t.is(past.code, 2);
    t.regex(past.errors, /was compacted up to \d{4}-\d\d-\d\dT/);
    const then = await at(mark);
    t.is(then.code, 0, then.errors);
    t.like(JSON.parse(readFileSync(file, 'utf8')), { name: 'three' });
  });
});
