import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { User } from 'shared-events';
import { api } from '../stack/api.ts';
import { servicePart } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { entriesOf } from '../stack/redis.ts';
import { sharedStack } from '../stack/world.ts';
import { startCollector } from './collector.ts';
import { clientSpan, traceId, traceparent, withTracing } from './traced.ts';

test('spans can be left out: none is sent of a trace that the sampler does not take', async (t) => {
  await withTracing(
    async ({ gateway, redis, collector, span }) => {
      const unsampled = `00-${traceId}-${clientSpan}-00`;
      const input = { name: 'Ada', email: 'ada@example.com' };
      const left = await gateway.post('/users/users', input, { traceparent: unsampled });
      const [event] = await entriesOf(redis, 'user-events');
      t.regex(event?.trace ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
      t.regex(left.headers.get('traceparent') ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));

      await gateway.delete(`/users/users/${event?.subject}`, { traceparent: unsampled });

      const taken = 'cafe651916cd43dd8448eb211c80319c';
      const sampled = { traceparent: `00-${taken}-${clientSpan}-01` };
      const { id } = (await gateway.post('/users/users', input, sampled)).json<User>();
      await gateway.delete(`/users/users/${id}`, sampled);
      await span('of the other trace', (one) => one.traceId === taken && one.name === 'cascade user.deleted');
      t.true(collector.spans.every((one) => one.traceId === taken));
    },
    {
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    },
  );
});

const preload = pathToFileURL(join(import.meta.dirname, 'tell-loaded.ts')).href;

const shared = sharedStack(test);

/** What comes of a request to a user service with these settings, and the packages of OpenTelemetry that it loads. */
async function createUnder(env: Record<string, string>) {
  const { stack, redis } = shared;
  const loaded: string[] = [];
  const warnings: string[] = [];
  const port = await freePort();
  const service = servicePart(
    'user-service',
    { LOG_LEVEL: 'warn', NODE_OPTIONS: `--import=${preload}`, PORT: String(port), ...env },
    {
      ports: stack.ports,
      supervised: false,
      onLine(line) {
        if (line.startsWith('loads ')) loaded.push(line.slice('loads '.length));
        else warnings.push(line);
      },
    },
  );
  await service.start();
  try {
    const input = { name: 'Ada', email: 'ada@example.com' };
    const { status, headers } = await api(`http://127.0.0.1:${port}`).post('/users', input, { traceparent });
    const event = (await entriesOf(redis, 'user-events')).at(-1);
    return { loaded, warnings, status, traces: [headers.get('traceparent'), event?.trace] };
  } finally {
    await service.stop();
  }
}

test.serial(
  'without an endpoint, or disabled, nothing is loaded or sent, and a trace is passed on as it came',
  async (t) => {
    const collector = await startCollector();
    try {
      const OTEL_EXPORTER_OTLP_ENDPOINT = collector.endpoint;
      for (const env of [
        {},
        { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
        { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
      ]) {
        const { loaded, warnings, status, traces } = await createUnder(env);
        t.is(status, 201);
        t.deepEqual(loaded, ['api']);
        t.deepEqual(warnings, []);
        t.deepEqual(traces, [traceparent, traceparent]);
      }
      t.is(collector.requests(), 0);

      const { loaded } = await createUnder({ OTEL_EXPORTER_OTLP_ENDPOINT });
      t.true(loaded.includes('sdk-trace') && loaded.includes('exporter-trace-otlp-http'));
    } finally {
      await collector.stop();
    }
  },
);

test.serial('a wrong setting is told in one line, and the service serves without traces', async (t) => {
  const { loaded, warnings, status, traces } = await createUnder({
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
