import { Readable } from 'node:stream';
import test from 'ava';
import { pino } from 'pino';
import type { Api } from 'shared-events/http';
import { createApp } from '../../shared-events/src/http/app.ts';
import { listen } from '../../shared-events/src/http/server.ts';
import { createMetrics } from '../../shared-events/src/telemetry/metrics.ts';
import { api, seed } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { sharedStack } from '../stack/world.ts';

const shared = sharedStack(test);

/** The figures at an address: what stands behind each name with its labels. */
async function figuresAt(url: string): Promise<Map<string, number>> {
  const { status, text } = await api(url).get('/metrics', { Accept: 'text/plain' });
  if (status !== 200) throw new Error(`no figures: ${status} ${text}`);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** An API of one route. */
const things: Api<{ endless: Readable }> = {
  name: 'thingService',
  title: 'Things',
  description: 'Things that are read.',
  servers: [],
  tag: { name: 'things', description: 'Things.' },
  schemas: {},
  problems: {},
  routes: [
    {
      method: 'get',
      path: '/things/:id',
      id: 'readThing',
      summary: 'Read a thing',
      answers: { 200: { description: 'The thing.' } },
      handle(ctx, { endless }) {
        if (ctx.params.id === 'bad') throw new Error('bad');
        ctx.type = 'application/json';
        ctx.body = ctx.params.id === 'long' ? endless : '{}';
      },
    },
  ],
};

/** Gives a test an app of one route; the answer of `/things/long` ends when `endless` does. */
async function withApp(
  run: (app: { url: string; endless: Readable }) => Promise<void>,
  isOpen = true,
): Promise<void> {
  const endless = new Readable({ read: () => undefined });
  const app = createApp({
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    document: '{}',
    collaborators: { endless },
    api: things,
    isOpen: () => isOpen,
    readiness: async () => ({ ready: isOpen, missing: [] }),
  });
  const server = await listen(app.callback(), 0, '127.0.0.1');
  try {
    await run({ url: `http://127.0.0.1:${server.port}`, endless });
  } finally {
    endless.destroy();
    await server.stop();
  }
}

test('requests are counted by the pattern of their route, and those without one together', async (t) => {
  await withApp(async ({ url }) => {
    const { get, request } = api(url);
    for (const path of ['/things/1', '/things/2', '/things/bad', '/a', '/b/c', '/things/1/2'])
      await get(path);
    await request('PATCH', '/things/1');
    const figures = await figuresAt(url);
    const requests = [...figures].filter(([name]) => name.startsWith('http_requests_total'));
    t.deepEqual(requests.sort(), [
      ['http_requests_total{method="GET",route="/things/:id",status="200"}', 2],
      ['http_requests_total{method="GET",route="/things/:id",status="500"}', 1],
      ['http_requests_total{method="GET",route="unmatched",status="404"}', 3],
      ['http_requests_total{method="PATCH",route="unmatched",status="405"}', 1],
    ]);
    const duration = (part: string) => figures.get(`http_request_duration_seconds_${part}`) ?? 0;
    t.is(duration('count{method="GET",route="/things/:id"}'), 3);
    t.is(duration('bucket{method="GET",route="/things/:id",le="+Inf"}'), 3);
    t.is(duration('bucket{method="GET",route="/things/:id",le="5"}'), 3);
    t.true(duration('sum{method="GET",route="/things/:id"}') > 0);
    t.is(figures.get('service_ready'), 1);
  });
});

test('a request is under way until its answer has been sent to its end', async (t) => {
  await withApp(async ({ url, endless }) => {
    const underWay = async () => (await figuresAt(url)).get('http_requests_under_way');
    t.is(await underWay(), 1, 'the question itself');
    endless.push('[');
    const answer = await fetch(`${url}/things/long`);
    t.is(await underWay(), 2);
    endless.push(null);
    t.is(await answer.text(), '[');
    await until('it has ended', async () => (await underWay()) === 1);
  });
});

test('a service that is not open yet says so, and counts what it refuses', async (t) => {
  await withApp(async ({ url }) => {
    await api(url).get('/things/1');
    const figures = await figuresAt(url);
    t.is(figures.get('service_ready'), 0);
    t.is(figures.get('http_requests_total{method="GET",route="/things/:id",status="503"}'), 1);
  }, false);
});

test.serial('the work of readers is counted: batches, entries, time', async (t) => {
  const { stack, user } = shared;
  for (let n = 0; n < 5; n++) await user();
  const labels = (reader: string) => `stream="user-events:{0}",reader="${reader}"`;
  const figure = async (name: string) => (await figuresAt(stack.urls.tasks)).get(name);
  for (const [reader, event] of [
    ['known-users', 'applied'],
    ['cascade', 'handled'],
  ] as const) {
    await until(
      `${reader} has come to all`,
      async () => (await figure(`stream_reader_events_total{${labels(reader)},event="${event}"}`)) === 5,
    );
    t.is(await figure(`stream_reader_batch_entries_sum{${labels(reader)}}`), 5);
  }
  const count = (name: string) => figure(`${name}_count{${labels('known-users')}}`);
  t.is(await count('stream_reader_apply_duration_seconds'), await count('stream_reader_batch_entries'));
});

test.serial(
  'calls of Redis are counted by command and script; while it is away all other figures are told',
  async (t) => {
    const { stack } = shared;
    const { users, tasks, gateway } = stack.urls;
    const { user, task } = seed(api(gateway));
    const { id } = await user();
    await task(id);
    await api(gateway).get(`/users/users/${id}`);
    const before = await figuresAt(users);
    t.true((before.get('redis_call_duration_seconds_count{call="create-user"}') as number) >= 1);
    t.true((before.get('redis_call_duration_seconds_count{call="get"}') as number) >= 1);
    t.is(before.get('redis_call_errors_total{call="create-user"}'), 0);

    await stack.redis.stop();
    t.is((await api(gateway).get(`/users/users/${id}`)).status, 503);
    const failed = await figuresAt(users);
    const errors = 'redis_call_errors_total{call="get"}';
    t.is(failed.get(errors), (before.get(errors) as number) + 1);
    t.is(failed.get('service_ready'), 0);
    const readers = await figuresAt(tasks);
    t.is(readers.get('service_ready'), 0);
    t.false([...readers.keys()].some((name) => name.startsWith('stream_reader_lag_entries')));
  },
);
