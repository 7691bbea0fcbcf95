import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { openFeed } from '../operator/world.ts';
import { api, seed } from '../stack/api.ts';
import { entriesOf, openTestRedis, untilKnown } from '../stack/redis.ts';
import { startStack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { attribute, type CollectedSpan, kinds, startCollector } from './collector.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const clientSpan = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${clientSpan}-01`;
const nobody = '01890000-0000-7000-8000-000000000000';

const spanIdIn = (trace: string | null) => trace?.split('-')[2];

/** A stack that sends its spans to a collector. */
async function startTraced(env: Record<string, string> = {}) {
  const collector = await startCollector();
  const stack = await startStack({
    env: {
      LOG_LEVEL: 'warn',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      ...env,
    },
  });
  const redis = openTestRedis(stack);
  return {
    ...{ stack, redis, collector, gateway: api(stack.urls.gateway) },
    /** The span that is like this, as soon as it has come. */
    span: (what: string, isIt: (span: CollectedSpan) => boolean | undefined) =>
      until(`the span: ${what}`, () => collector.spans.find(isIt)),
    async stop() {
      redis.disconnect();
      await stack.stop();
      await collector.stop();
    },
  };
}

test('one trace holds a request, its calls of Redis, its event, and what the readers of the event do', async (t) => {
  const { redis, gateway, span, stop } = await startTraced();
  try {
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

    const handled = await below(append, 'cascade user.created');
    t.is(handled.service, 'task-service');
    t.is(handled.kind, kinds.consumer);
    t.is(handled.traceId, traceId);
    const applied = await span('the projection', (one) =>
      one.links?.some((link) => link.traceId === traceId && link.spanId === append.spanId),
    );
    t.is(applied.name, 'known-users apply');
    await below(applied, 'redis apply-known-users');

    await untilKnown(redis);
    await seed(gateway).task(id);
    const deleted = await gateway.delete(`/users/users/${id}`, { traceparent });
    t.is(deleted.status, 204);
    const cascade = await span('the reaction', (one) => one.name === 'cascade user.deleted');
    t.is(cascade.traceId, traceId);
    const removal = await below(cascade, 'append task.deleted');
    await below(removal, 'redis delete-tasks');
    const events = await entriesOf(redis, 'task-events');
    t.is(events.find(({ type }) => type === 'task.deleted')?.trace, `00-${traceId}-${removal.spanId}-01`);
  } finally {
    await stop();
  }
});

test('what one service asks the other is in the trace of the request', async (t) => {
  const { gateway, span, stop } = await startTraced();
  try {
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
  } finally {
    await stop();
  }
});

test('what a feed reads is in no trace, however long it is read', async (t) => {
  const { stack, gateway, collector, span, stop } = await startTraced();
  try {
    for (let n = 0; n < 3; n++) await seed(gateway).user();
    const feed = await openFeed(`${stack.urls.tasks}/operator/events?from=0`, { traceparent });
    await until('all is there', () => feed.messages.length === 3);
    feed.close();
    const server = await span('the feed', (one) => one.parentSpanId === clientSpan);
    t.deepEqual(
      collector.spans.filter(({ parentSpanId }) => parentSpanId === server.spanId),
      [],
    );
  } finally {
    await stop();
  }
});

test('a stop sends the spans that are left, and does not wait for a collector that hangs', async (t) => {
  const { stack, collector, gateway, stop } = await startTraced({
    OTEL_BSP_SCHEDULE_DELAY: '60000',
    OTEL_SERVICE_NAME: 'ours',
  });
  const deaf = await startCollector({ answers: false });
  try {
    await gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
    t.is(collector.requests(), 0);
    await stack.users.stop();
    t.is(await stack.users.ended(), 0);
    t.true(collector.spans.some(({ name, service }) => name === 'POST /users' && service === 'ours'));
  } finally {
    await stop();
  }

  const lines: string[] = [];
  const other = await startStack({
    env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${deaf.endpoint}/v1/traces` },
    onLine: (part, line) => part === 'user-service' && lines.push(line),
  });
  try {
    await seed(api(other.urls.gateway)).user();
    const begin = performance.now();
    await other.users.stop();
    t.true(performance.now() - begin < 5000);
    t.is(await other.users.ended(), 0);
    t.true(lines.some((line) => line.includes('the last spans were not sent')));
  } finally {
    await other.stop();
    await deaf.stop();
  }
});

test('spans can be left out: none is sent of a trace that the sampler does not take', async (t) => {
  const { gateway, redis, collector, span, stop } = await startTraced({
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
  });
  try {
    const unsampled = `00-${traceId}-${clientSpan}-00`;
    const input = { name: 'Ada', email: 'ada@example.com' };
    const left = await gateway.post('/users/users', input, { traceparent: unsampled });
    const [event] = await entriesOf(redis, 'user-events');
    t.regex(event?.trace ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    t.regex(left.headers.get('traceparent') ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));

    const taken = 'cafe651916cd43dd8448eb211c80319c';
    await gateway.post('/users/users', input, { traceparent: `00-${taken}-${clientSpan}-01` });
    await span('of the other trace', (one) => one.traceId === taken && one.name === 'cascade user.created');
    t.true(collector.spans.every((one) => one.traceId === taken));
  } finally {
    await stop();
  }
});

const preload = pathToFileURL(join(import.meta.dirname, 'tell-loaded.ts')).href;

/** The packages of OpenTelemetry that the user service loads, and the trace of an event it writes. */
async function startWatched(env: Record<string, string>) {
  const loaded: string[] = [];
  const warnings: string[] = [];
  const stack = await startStack({
    env: { LOG_LEVEL: 'warn', NODE_OPTIONS: `--import=${preload}`, ...env },
    onLine: (part, line) => {
      if (part !== 'user-service') return;
      if (line.startsWith('loads ')) loaded.push(line.slice('loads '.length));
      else warnings.push(line);
    },
  });
  const redis = openTestRedis(stack);
  try {
    const input = { name: 'Ada', email: 'ada@example.com' };
    const answer = await api(stack.urls.gateway).post('/users/users', input, { traceparent });
    const [event] = await entriesOf(redis, 'user-events');
    return {
      loaded,
      warnings,
      status: answer.status,
      traces: [answer.headers.get('traceparent'), event?.trace],
    };
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}

test('without an endpoint, or disabled, nothing is loaded or sent, and a trace is passed on as it came', async (t) => {
  const collector = await startCollector();
  try {
    const OTEL_EXPORTER_OTLP_ENDPOINT = collector.endpoint;
    for (const env of [
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
      { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    ]) {
      const { loaded, warnings, status, traces } = await startWatched(env);
      t.is(status, 201);
      t.deepEqual(loaded, ['api']);
      t.deepEqual(warnings, []);
      t.deepEqual(traces, [traceparent, traceparent]);
    }
    t.is(collector.requests(), 0);

    const { loaded } = await startWatched({ OTEL_EXPORTER_OTLP_ENDPOINT });
    t.true(loaded.includes('sdk-trace') && loaded.includes('exporter-trace-otlp-http'));
  } finally {
    await collector.stop();
  }
});

test('a wrong setting is told in one line, and the service serves without traces', async (t) => {
  const { loaded, warnings, status, traces } = await startWatched({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
    OTEL_TRACES_SAMPLER: 'sometimes',
    OTEL_TRACES_SAMPLER_ARG: 'half',
  });
  t.is(status, 201);
  t.deepEqual(traces, [traceparent, traceparent]);
  t.deepEqual(loaded, ['api']);
  t.is(warnings.length, 1);
  const { reason, msg } = JSON.parse(warnings[0] ?? '');
  t.is(msg, 'no traces are made');
  t.regex(
    reason,
    /OTEL_EXPORTER_OTLP_ENDPOINT: must be .*SAMPLER_ARG=half: must be .*OTEL_TRACES_SAMPLER=sometimes: must be/,
  );
});
