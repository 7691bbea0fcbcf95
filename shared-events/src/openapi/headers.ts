import { examples } from '../events/examples.ts';
import { requestIdPattern, traceparentPattern } from '../http/context.ts';
import { keyPattern } from '../http/idempotency-key.ts';
import { type Describable, type JsonSchema, jsonSchema } from './json-schema.ts';
import type { Answer, Operation } from './openapi.ts';

// What the descriptions of both services are put together from.

/** A schema of the document by its name. */
export const schemaRef = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** The schemas of objects, by name. */
export const schemasOf = (schemas: Record<string, Describable>): Record<string, JsonSchema> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, jsonSchema(schema)]));

/** How a header of answers is described. */
export const header = (
  description: string,
  schema: JsonSchema,
  example: string | number,
  required = true,
) => ({
  description,
  required,
  schema,
  example,
});
const matching = ({ source }: RegExp): JsonSchema => ({ type: 'string', pattern: source });

const { user, task, context } = examples;
const exampleEtag = '"1795383361000-0"';

/** The headers that answers may have. */
export const responseHeaders: Record<string, JsonSchema> = {
  'X-Request-Id': header(
    'The id of the request, taken from it or made.',
    matching(requestIdPattern),
    context.request,
  ),
  traceparent: header(
    'The W3C trace context of the request, taken from it or made.',
    matching(traceparentPattern),
    context.trace,
  ),
  ETag: header(
    "The document's version: the id of its last event in the stream.",
    matching(/^"\d+-\d+"$/),
    exampleEtag,
  ),
  Location: header(
    'Where the new document is.',
    { type: 'string', format: 'uri-reference' },
    `/users/users/${user.id}`,
  ),
  Link: header(
    'The next page; absent on the last one.',
    matching(/^<[^>]+>; rel="next"$/),
    `</tasks/tasks?userId=${user.id}&limit=10&cursor=${task.id}>; rel="next"`,
    false,
  ),
  'Retry-After': header('When to try again, in seconds.', { type: 'integer', minimum: 1 }, 1),
};

/** The header of answers that tell which methods a path has. */
export const allowHeader = header("The path's methods.", matching(/^[A-Z]+(, [A-Z]+)*$/), 'HEAD, GET');

/** References to headers of a document. */
export const headerRefs = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const parameter = (
  where: string,
  name: string,
  description: string,
  schema: JsonSchema,
  example: string,
) => ({
  in: where,
  name,
  description,
  ...(where === 'path' && { required: true }),
  schema,
  example,
});

/** What every request may have. */
export const requestParameters: JsonSchema[] = [
  parameter(
    ...(['header', 'X-Request-Id', 'Stands in the answer, in every log line and in the event.'] as const),
    matching(requestIdPattern),
    context.request,
  ),
  parameter(
    ...(['header', 'traceparent', 'W3C trace context.'] as const),
    matching(traceparentPattern),
    context.trace,
  ),
];

/** What requests may have beside their bodies. */
export const parameters = {
  id: (name: string) =>
    parameter('path', name, 'What is no id of a document names nothing: 404.', { type: 'string' }, user.id),
  idempotencyKey: parameter(
    ...(['header', 'Idempotency-Key', 'Makes the creation safe to send again for 24 hours.'] as const),
    matching(keyPattern),
    '8e03978e-40d5-43e8-bc93-6894a57f9324',
  ),
  ifMatch: parameter(
    ...(['header', 'If-Match', 'Entity tags, or *: change only one of these versions.'] as const),
    { type: 'string' },
    exampleEtag,
  ),
  ifNoneMatch: parameter(
    ...(['header', 'If-None-Match', 'Entity tags, or *: 304 where the version is one of these.'] as const),
    { type: 'string' },
    exampleEtag,
  ),
  /** The members of a query's schema, one parameter each. */
  query(schema: Describable, about: Record<string, { description: string; example: unknown }>): JsonSchema[] {
    const { properties, required = [] } = jsonSchema(schema) as {
      properties: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, member]) => ({
      ...{ in: 'query', name, required: required.includes(name) },
      ...{ schema: member, ...about[name] },
    }));
  },
};

/** The answers that a document can be read, created or changed with. */
export const answeredWith = {
  document: (name: string, example: unknown, description = 'The document.'): Answer => ({
    description,
    headers: ['ETag'],
    schema: schemaRef(name),
    example,
  }),
  created: (name: string, example: unknown): Answer => ({
    description: 'Created: document and event are both in Redis.',
    headers: ['ETag', 'Location'],
    schema: schemaRef(name),
    example,
  }),
  unchanged: { description: 'The version is still the one in If-None-Match.', headers: ['ETag'] },
  gone: { description: 'Deleted.' },
  state: (status: string, description: string): Answer => ({
    description,
    schema: { type: 'object', properties: { status: { const: status } }, required: ['status'] },
    example: { status },
  }),
};

/** The codes of what needs Redis. */
export const storeProblems = ['not_ready', 'redis_unavailable'];

/** The path that is for operators alone. */
export const metricsPath = '/metrics';

/** The operations that both services have, beside their own. */
export const commonOperations = (service: 'user' | 'task'): Operation[] => [
  {
    ...{ method: 'get', path: '/health', id: `${service}ServiceHealth`, tag: `${service}s` },
    summary: 'Whether the process lives',
    answers: { 200: answeredWith.state('healthy', 'It lives, whatever Redis and the other service do.') },
  },
  {
    ...{ method: 'get', path: '/ready', id: `${service}ServiceReadiness`, tag: `${service}s` },
    summary: 'Whether the service can serve',
    answers: { 200: answeredWith.state('ready', 'All it needs is there.') },
    problems: ['not_ready'],
  },
  {
    ...{ method: 'get', path: '/openapi.json', id: `${service}ServiceApi`, tag: `${service}s` },
    summary: "The description of this service's API",
    answers: { 200: { description: 'An OpenAPI 3.1 document.', schema: { type: 'object' } } },
  },
  {
    ...{ method: 'get', path: metricsPath, id: `${service}ServiceMetrics`, tag: `${service}s` },
    summary: 'Figures for Prometheus; the gateway does not lead here',
    answers: { 200: { description: 'Figures.', type: 'text/plain', schema: { type: 'string' } } },
    negotiates: false,
  },
];
