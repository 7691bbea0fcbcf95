export { type AsyncApi, asyncApi } from './openapi/async-api.ts';
export {
  answeredWith,
  commonOperations,
  header,
  metricsPath,
  parameters,
  schemaRef,
  schemasOf,
  storeProblems,
} from './openapi/headers.ts';
export { type Describable, type JsonSchema, jsonSchema } from './openapi/json-schema.ts';
export {
  type Answer,
  type ApiDescription,
  alone,
  type OpenApi,
  type Operation,
  openApi,
  type Surroundings,
} from './openapi/openapi.ts';
