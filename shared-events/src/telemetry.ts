export { createMetrics } from './telemetry/metrics.ts';
export { measureReaders } from './telemetry/reader-metrics.ts';
export { watchRedis } from './telemetry/redis-metrics.ts';
export { tracedHandler, tracedProjection } from './telemetry/traced-readers.ts';
