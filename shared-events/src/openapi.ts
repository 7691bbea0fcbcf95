export { asyncApi } from './openapi/async-api.ts';
export { type Header, header } from './openapi/headers.ts';
export {
  alone,
  describeService,
  type OpenApi,
  type Operation,
  openApi,
  type Surroundings,
} from './openapi/openapi.ts';
