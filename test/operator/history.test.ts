import test from 'ava';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withOperator } from './world.ts';

// The figures of the last minutes, which the services keep themselves.

interface Requests {
  bounds: number[];
  points: { time: number; seconds: number; answered: number; failed: number; durations: number[] }[];
}

interface Streams {
  points: {
    time: number;
    streams: { stream: string; added: number }[];
    readers: { kind: string; name: string; stream: string; lag: number; seconds: number }[];
    deadLetters: number;
  }[];
}

const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);

test('each service tells how many requests it answered, how many of them failed, and how long they took', async (t) => {
  await withOperator(async ({ stack, gateway, operator, user }) => {
    const read = async (after = 0) => (await operator.get(`/history/users?after=${after}`)).json<Requests>();
    for (let n = 0; n < 7; n++) await user();
    await gateway.get('/users/users/01890000-0000-7000-8000-000000000000');
    // These are asked again and again and say nothing of who uses the system.
    for (const path of ['/users/health', '/users/ready']) await gateway.get(path);
    const { bounds, points } = await until('all eight are counted', async () => {
      const state = await read();
      return sum(state.points.map(({ answered }) => answered)) >= 8 && state;
    });
    t.is(sum(points.map(({ answered }) => answered)), 8);
    t.is(sum(points.map(({ failed }) => failed)), 0);
    t.is(sum(points.flatMap(({ durations }) => durations)), 8);
    t.true(points.every(({ durations }) => [0, bounds.length + 1].includes(durations.length)));
    t.true(points.every(({ time }, at) => at === 0 || time > (points[at - 1]?.time ?? 0)));

    const last = points.at(-1)?.time ?? 0;
    stack.redis.kill('SIGKILL');
    t.is((await gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com' })).status, 503);
    const later = await until('the failure is counted', async () => {
      const state = await read(last);
      return state.points.some(({ failed }) => failed > 0) && state;
    });
    t.is(sum(later.points.map(({ failed }) => failed)), 1);
    t.true(later.points.every(({ time }) => time > last));
    t.is((await operator.get('/history/users?after=soon')).status, 422);
  });
});

test('the figures of streams and readers are those of all partitions together', async (t) => {
  await withOperator(
    async ({ redis, operator, user, task }) => {
      await redis.xgroup('CREATE', 'task-events:{1}', 'greeter', '0', 'MKSTREAM');
      for (let n = 0; n < 8; n++) await task((await user()).id);
      await redis.xadd('user-events:{1}', '*', ...entryFields({ type: 'user.renamed', subject: 'x' }));
      const last = await until('a point has all of it', async () => {
        const point = (await operator.get('/history')).json<Streams>().points.at(-1);
        return (
          sum(point?.streams.map(({ added }) => added) ?? []) === 17 && point?.deadLetters === 1 && point
        );
      });
      t.deepEqual(last.streams, [
        { stream: 'user-events', added: 9 },
        { stream: 'task-events', added: 8 },
      ]);
      t.deepEqual(last.readers.map(({ kind, name, stream }) => `${kind} ${name} ${stream}`).sort(), [
        'group cascade user-events',
        'group greeter task-events',
        'projection known-users user-events',
      ]);
      const greeter = last.readers.find(({ name }) => name === 'greeter');
      t.is(greeter?.lag, await redis.xlen('task-events:{1}'));
      t.deepEqual(
        (await operator.get(`/history?after=${last.time}`))
          .json<Streams>()
          .points.filter(({ time }) => time <= last.time),
        [],
      );
      t.deepEqual(await redis.acl('LOG'), []);
    },
    { env: { PARTITIONS: '2' } },
  );
});

test('the nodes are told with their partitions, and an entry is found by its id alone', async (t) => {
  await withOperator(
    async ({ stack, redis, operator, user }) => {
      const { nodes } = (await operator.get('/nodes')).json<{ nodes: object[] }>();
      t.is(nodes.length, 1);
      t.like(nodes[0], { address: `127.0.0.1:${stack.ports.redis}`, role: 'master', partitions: [0, 1, 2] });

      const ada = await user();
      const at = Number.parseInt(ada.id.slice(-4), 16) % 3;
      const [entry] = await redis.xrange(`user-events:{${at}}`, '-', '+');
      const found = (await operator.get(`/entries/${entry?.[0]}`)).json<{ events: object[] }>();
      t.is(found.events.length, 1);
      t.like(found.events[0], { type: 'user.created', subject: ada.id, source: `/user-events/${at}` });
      t.deepEqual((await operator.get('/entries/1-0')).json(), { events: [] });
      for (const id of ['recent', '1', '99999999999999999999-0']) {
        t.is((await operator.get(`/entries/${id}`)).status, 404, id);
      }
      t.deepEqual(await redis.acl('LOG'), []);
    },
    { env: { PARTITIONS: '3' } },
  );
});
