import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/**
 * How long it is between two looks at whether the event loop is late, in milliseconds: each wakes a process that has nothing
 * to do, and is part of the lag that is told.
 */
const loopLook = 50;

/** The figures of a process, for `GET /metrics`; to begin with those of the process itself. */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopLook });
  return registry;
}

/** Adds whether the process is ready, asked for whenever somebody wants to know. */
export function measureReadiness(registry: Registry, readiness: () => Promise<{ ready: boolean }>): void {
  new Gauge({
    name: 'service_ready',
    help: 'Whether the service can serve: 1 or 0',
    registers: [registry],
    async collect() {
      this.set((await readiness()).ready ? 1 : 0);
    },
  });
}
