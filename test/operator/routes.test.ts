import test from 'ava';
import { api, seed } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { openFeed, withOperator } from './world.ts';

// What operators see through their listener at the gateway.

test('readers tell of every partition of both streams, every group and the projection', async (t) => {
  await withOperator(
    async ({ redis, operator, user, task }) => {
      await redis.xgroup('CREATE', 'task-events:{1}', 'greeter', '0', 'MKSTREAM');
      for (let n = 0; n < 8; n++) {
        const { id } = await user();
        await task(id);
      }
      const read = async () =>
        (await operator.get('/readers')).json<{
          streams: { stream: string; length: number; added: number; last: string }[];
          readers: {
            stream: string;
            kind: string;
            name: string;
            pending: number;
            lag: { entries: number };
            consumers?: { name: string; pending: number; idle: number }[];
          }[];
        }>();
      const { streams } = await until('figures are fresh', async () => {
        const state = await read();
        const length = state.streams.reduce((sum, { length }) => sum + length, 0);
        return (
          length === 16 &&
          state.readers.length === 5 &&
          state.readers.every(({ name, lag }) => name === 'greeter' || lag.entries === 0) &&
          state
        );
      });
      t.deepEqual(
        streams.map(({ stream }) => stream),
        ['user-events:{0}', 'task-events:{0}', 'user-events:{1}', 'task-events:{1}'],
      );
      t.is(
        streams.reduce((sum, { added }) => sum + added, 0),
        16,
      );
      const { readers } = await read();
      t.deepEqual(readers.map(({ stream, kind, name }) => `${stream} ${kind} ${name}`).sort(), [
        'task-events:{1} group greeter',
        'user-events:{0} group cascade',
        'user-events:{0} projection known-users',
        'user-events:{1} group cascade',
        'user-events:{1} projection known-users',
      ]);
      const length = streams.find(({ stream }) => stream === 'task-events:{1}')?.length;
      t.is(readers.find(({ name }) => name === 'greeter')?.lag.entries, length);
      const consumers = readers
        .filter(({ kind }) => kind === 'group')
        .map(({ name, consumers }) => `${name} ${consumers?.map(({ pending }) => `has ${pending}`)}`);
      t.deepEqual(consumers.sort(), ['cascade has 0', 'cascade has 0', 'greeter ']);
      t.deepEqual(await redis.acl('LOG'), []);
    },
    { env: { PARTITIONS: '2' } },
  );
});

test('the life of a subject is all its events, oldest first, and recent events end at a cursor', async (t) => {
  await withOperator(async ({ stack, gateway, operator, user, task }) => {
    const ada = await user();
    const milk = await task(ada.id);
    await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed' });
    await gateway.delete(`/tasks/tasks/${milk.id}`);
    const life = (await operator.get(`/subjects/${milk.id}`)).json<{
      events: { type: string; data: { status: string } }[];
      complete: boolean;
    }>();
    t.deepEqual(
      life.events.map(({ type, data }) => `${type} ${data.status}`),
      ['task.created pending', 'task.updated completed', 'task.deleted completed'],
    );
    t.true(life.complete);
    t.deepEqual(
      (await operator.get('/subjects/01890000-0000-7000-8000-000000000000')).json<{ events: [] }>().events,
      [],
    );
    t.is((await operator.get('/subjects/nobody')).status, 404);

    const recent = (await operator.get('/events/recent?limit=2')).json<{
      cursor: string;
      events: { type: string; id: string }[];
    }>();
    t.deepEqual(
      recent.events.map(({ type }) => type),
      ['task.updated', 'task.deleted'],
    );
    const feed = await openFeed(`${stack.urls.operator}/events?after=${recent.cursor}`);
    await gateway.delete(`/users/users/${ada.id}`);
    await until('the next event', () => feed.messages.length > 0);
    t.deepEqual(
      feed.messages.map(({ event }) => event),
      ['user.deleted'],
    );
    feed.close();
    t.is((await operator.get('/events/recent?limit=0')).status, 422);
    t.is((await operator.get('/events/recent?until=yesterday')).status, 422);
    const [first] = recent.events;
    const before = (await operator.get(`/events/recent?limit=2&until=${first?.id}`)).json<typeof recent>();
    t.is(before.events.at(-1)?.id, first?.id);
    t.true((before.events[0]?.id ?? '') < (first?.id ?? ''));
  });
});

test("the public API is at the operators' listener as well, and so are the services' metrics", async (t) => {
  await withOperator(async ({ stack, operator }) => {
    const there = api(stack.urls.operator);
    const ada = await seed(there).user();
    const milk = await seed(there).task(ada.id);
    t.is((await there.put(`/tasks/tasks/${milk.id}`, { status: 'completed' })).status, 200);
    t.is((await there.delete(`/users/users/${ada.id}`)).status, 204);
    const headers = { Accept: 'text/plain' };
    t.regex(
      (await operator.get('/metrics/tasks', headers)).text,
      /^user_checks_total\{answered="locally"\} 1$/m,
    );
    t.regex((await operator.get('/metrics/users', headers)).text, /^process_cpu_seconds_total /m);
  });
});
