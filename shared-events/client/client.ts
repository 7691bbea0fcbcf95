import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './api.ts';

export type User = components['schemas']['User'];
export type Task = components['schemas']['Task'];

/**
 * Returns a client of the API behind a gateway, such as `http://localhost:8080`: a method for each of HTTP, with the paths,
 * bodies and answers of the API description as types. An answer has either `data` or `error`, the problem; what is no
 * answer at all (no connection, an aborted signal) is thrown, as by `fetch`.
 */
export const apiClient = (gateway: string): Client<paths> => createClient<paths>({ baseUrl: gateway });
