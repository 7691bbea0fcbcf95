import { number, object, string } from 'yup';
import { readConfig, wholeNumber } from '../config.ts';

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export interface TraceSettings {
  sampler: (typeof samplers)[number];
  /** which share of the traces the samplers by ratio take, 0 to 1 */
  ratio: number;
  /** how long spans are gathered before they are sent, in milliseconds */
  delay: number;
}

const oneOf = <T extends string>(values: readonly T[]) =>
  string().oneOf(values, `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`);

const address = () =>
  string().test('address', 'must be an http address', (value) =>
    value === undefined ? true : /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
  );

const share = 'must be a number from 0 to 1';

const traceConfig = object({
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address(),
  OTEL_EXPORTER_OTLP_ENDPOINT: address(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: oneOf(['http/json']),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(['http/json']),
  OTEL_TRACES_EXPORTER: oneOf(['otlp', 'none']),
  OTEL_TRACES_SAMPLER: oneOf(samplers).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: number().typeError(share).min(0, share).max(1, share).default(1),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber(0, 60_000).default(5000),
});

/**
 * What the standard variables say of traces; nothing if they ask for none, that is without an endpoint, or with
 * OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none. What else the exporter reads (headers, timeout, certificates) it
 * reads itself. Fails as `readConfig` does.
 */
export function readTraceSettings(env: NodeJS.ProcessEnv): TraceSettings | undefined {
  const hasEndpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const isOff = /^true$/i.test(env.OTEL_SDK_DISABLED ?? '') || env.OTEL_TRACES_EXPORTER === 'none';
  if (!hasEndpoint || isOff) return undefined;
  const config = readConfig(traceConfig, env);
  return {
    sampler: config.OTEL_TRACES_SAMPLER,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    delay: config.OTEL_BSP_SCHEDULE_DELAY,
  };
}
