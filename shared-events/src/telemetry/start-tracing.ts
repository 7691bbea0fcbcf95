import type { Logger } from 'pino';
import { traceWith } from '../tracing.ts';
import { readTraceSettings } from './trace-settings.ts';

/** How long the last spans may take to be sent when a service stops, in milliseconds. */
const flushTimeout = 500;

interface TracingOptions {
  /** The service's name, unless OTEL_SERVICE_NAME gives another. */
  name: string;
  env: NodeJS.ProcessEnv;
  log: Logger;
}

/**
 * Begins tracing if the environment asks for it; else nothing of OpenTelemetry is loaded. Never fails: what is
 * wrong is told in one line, and the service goes on without traces. Resolves to what sends the last spans, within
 * half a second.
 */
export async function startTracing({ name, env, log }: TracingOptions): Promise<() => Promise<void>> {
  try {
    const settings = readTraceSettings(env);
    if (settings === undefined) return async () => {};
    const { startSdk } = await import('./trace-sdk.ts');
    const stop = startSdk(name, settings, log);
    const api = await import('@opentelemetry/api');
    traceWith(api, api.trace.getTracer('task-manager'));
    log.info(settings, 'tracing');
    return () => flush(stop, log);
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.message : error }, 'no traces are made');
    return async () => {};
  }
}

async function flush(stop: () => Promise<void>, log: Logger): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('it took too long')), flushTimeout);
  try {
    await Promise.race([stop(), late]);
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.message : error }, 'the last spans were not sent');
  } finally {
    clearTimeout(timer);
  }
}
