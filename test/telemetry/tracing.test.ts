import test from 'ava';
import { openFeed } from '../operator/world.ts';
import { api, seed } from '../stack/api.ts';
import { entriesOf, untilKnown } from '../stack/redis.ts';
import { startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { attribute, type CollectedSpan, kinds, startCollector } from './collector.ts';
import { clientSpan, traceId, traceparent, withTracing } from './traced.ts';

const nobody = '01890000-0000-7000-8000-000000000000';

const spanIdIn = (trace: string | null) => trace?.split('-')[2];

test('one trace holds a request, its calls of Redis, its event, and what the readers of the event do', async (t) => {
  await withTracing(async ({ redis, gateway, span }) => {
    const below = (parent: CollectedSpan, name: string) =>
      span(`${name} below ${parent.name}`, (one) => one.name === name && one.parentSpanId === parent.spanId);

    const created = await gateway.post(
      '/users/users',
      { name: 'Ada', email: 'ada@example.com' },
      { traceparent },
    );
    const { id } = created.json<{ id: string }>();
    const server = await span('the request', (one) => one.parentSpanId === clientSpan);
    t.is(server.service, 'user-service');
    t.is(server.name, 'POST /users');
    t.is(server.kind, kinds.server);
    t.is(server.traceId, traceId);
    t.is(attribute(server, 'http.response.status_code'), 201);
    t.is(created.headers.get('traceparent'), `00-${traceId}-${server.spanId}-01`);

    const append = await below(server, 'append user.created');
    t.is(append.kind, kinds.producer);
    const script = await below(append, 'redis create-user');
    t.is(script.kind, kinds.client);
    const [event] = await entriesOf(redis, 'user-events');
    t.is(event?.trace, `00-${traceId}-${append.spanId}-01`);

    const applied = await span('the projection', (one) =>
      one.links?.some((link) => link.traceId === traceId && link.spanId === append.spanId),
    );
    t.is(applied.name, 'known-users apply');
    await below(applied, 'redis apply-projection');

    await untilKnown(redis);
    await seed(gateway).task(id);
    const deleted = await gateway.delete(`/users/users/${id}`, { traceparent });
    t.is(deleted.status, 204);
    const removed = await span('the deletion', (one) => one.name === 'append user.deleted');
    const cascade = await below(removed, 'cascade user.deleted');
    t.is(cascade.service, 'task-service');
    t.is(cascade.kind, kinds.consumer);
    t.is(cascade.traceId, traceId);
    const removal = await below(cascade, 'append task.deleted');
    await below(removal, 'redis delete-tasks');
    const events = await entriesOf(redis, 'task-events');
    t.is(events.find(({ type }) => type === 'task.deleted')?.trace, `00-${traceId}-${removal.spanId}-01`);
  });
});

test('what one service asks the other is in the trace of the request', async (t) => {
  await withTracing(async ({ gateway, span }) => {
    const { id } = await seed(gateway).user();
    const refused = await gateway.post('/tasks/tasks', { userId: nobody, title: 'x' }, { traceparent });
    t.is(refused.status, 400);
    const view = await gateway.get(`/users/users/${id}/tasks`, { traceparent });
    t.is(view.status, 200);

    for (const [answer, other, asked] of [
      [refused, 'user service', 'GET /users/:id'],
      [view, 'task service', 'GET /tasks'],
    ] as const) {
      const answered = spanIdIn(answer.headers.get('traceparent'));
      const client = await span(
        `the question to the ${other}`,
        (one) => one.name === `GET ${other}` && one.parentSpanId === answered,
      );
      t.is(client.kind, kinds.client);
      const server = await span(`the answer of the ${other}`, (one) => one.parentSpanId === client.spanId);
      t.is(server.name, asked);
      t.is(server.service, other.replace(' ', '-'));
      t.is(server.traceId, traceId);
    }
  });
});

test('what a feed reads is in no trace, however long it is read', async (t) => {
  await withTracing(async ({ stack, gateway, collector, span }) => {
    for (let n = 0; n < 3; n++) await seed(gateway).user();
    const feed = await openFeed(`${stack.urls.tasks}/operator/events?from=0`, { traceparent });
    await until('all is there', () => feed.messages.length === 3);
    feed.close();
    const server = await span('the feed', (one) => one.parentSpanId === clientSpan);
    t.deepEqual(
      collector.spans.filter(({ parentSpanId }) => parentSpanId === server.spanId),
      [],
    );
  });
});

test('a stop sends the spans that are left, and does not wait for a collector that hangs', async (t) => {
  const deaf = await startCollector({ answers: false });
  await withTracing(
    async ({ stack, collector, gateway }) => {
      const create = () => gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
      const isSent = () =>
        collector.spans.some(({ name, service }) => name === 'POST /users' && service === 'ours');
      await create();
      t.is(collector.requests(), 0);
      await stack.users.stop();
      t.is(await stack.users.ended(), 0);
      // There is half a second for it, which is too short where the machine is held up: then once more.
      await until('the spans that are left are sent', async () => {
        if (isSent()) return true;
        await stack.users.start();
        await create();
        await stack.users.stop();
        return isSent();
      });
    },
    {
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      OTEL_SERVICE_NAME: 'ours',
    },
  );

  const lines: string[] = [];
  const other = await startStack({
    env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${deaf.endpoint}/v1/traces` },
    onLine: (part, line) => part === 'user-service' && lines.push(line),
  });
  try {
    await seed(api(other.urls.gateway)).user();
    const begin = performance.now();
    await other.users.stop();
    t.true(performance.now() - begin < 8000);
    t.is(await other.users.ended(), 0);
    t.true(lines.some((line) => line.includes('the last spans were not sent')));
  } finally {
    await other.stop();
    await deaf.stop();
  }
});
