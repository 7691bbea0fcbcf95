export {
  answeredWith,
  commonOperations,
  header,
  metricsPath,
  parameters,
  schemaRef,
  schemasOf,
  storeProblems,
} from './http/api-parts.ts';
export { type AppRouter, allRoutes, createApp } from './http/app.ts';
export { readBody, readQuery } from './http/body.ts';
export { clientGone } from './http/client-gone.ts';
export { changeRequest, sendDocument, sendIfChanged } from './http/conditions.ts';
export { gather } from './http/gather.ts';
export { readIdempotencyKey } from './http/idempotency-key.ts';
export { createMetrics } from './http/metrics.ts';
export {
  type Answer,
  type ApiDescription,
  alone,
  type OpenApi,
  type Operation,
  openApi,
  type Surroundings,
} from './http/openapi.ts';
export { type Problems, problems } from './http/problems.ts';
export { publicPath } from './http/public-path.ts';
export { measureReaders } from './http/reader-metrics.ts';
export { watchRedis } from './http/redis-calls.ts';
export { resource } from './http/resource.ts';
export { listen } from './http/server.ts';
export { type ServiceClient, serviceClient } from './http/service-client.ts';
export { text } from './http/text.ts';
export { tracedClient } from './http/traced.ts';
