import { Failure } from './failure.ts';

export const samplers = [
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

/**
 * What the standard variables say of traces; nothing where they ask for none, that is without an endpoint, or with
 * OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none. What else the exporter reads (headers, timeout, certificates) it
 * reads itself. Fails with `invalid_config`, naming every variable that is wrong and what it may be.
 */
export function readTraceSettings(env: NodeJS.ProcessEnv): TraceSettings | undefined {
  const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].filter(
    (name) => env[name],
  );
  const isOff = /^true$/i.test(env.OTEL_SDK_DISABLED ?? '') || env.OTEL_TRACES_EXPORTER === 'none';
  if (endpoints.length === 0 || isOff) return undefined;

  const sampler = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on';
  const ratio = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  const delay = Number(env.OTEL_BSP_SCHEDULE_DELAY || 5000);
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  const faults = [
    // An address may hold a password.
    ...endpoints.filter((name) => !isAddress(env[name])).map((name) => `${name} must be an http address`),
    ...(env.OTEL_TRACES_EXPORTER && env.OTEL_TRACES_EXPORTER !== 'otlp'
      ? ['OTEL_TRACES_EXPORTER must be otlp or none']
      : []),
    ...(protocol === 'http/json' ? [] : [`OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} must be http/json`]),
    ...(isSampler(sampler) ? [] : [`OTEL_TRACES_SAMPLER=${sampler} must be one of ${samplers.join(', ')}`]),
    ...(ratio >= 0 && ratio <= 1 ? [] : ['OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1']),
    ...(Number.isInteger(delay) && delay >= 0 && delay <= 60_000
      ? []
      : ['OTEL_BSP_SCHEDULE_DELAY must be a whole number of milliseconds, at most 60000']),
  ];
  if (faults.length > 0 || !isSampler(sampler)) throw new Failure('invalid_config', faults.join('; '));
  return { sampler, ratio, delay };
}

const isSampler = (name: string): name is TraceSettings['sampler'] =>
  (samplers as readonly string[]).includes(name);

const isAddress = (value = ''): boolean => /^https?:$/.test(URL.parse(value)?.protocol ?? '');
