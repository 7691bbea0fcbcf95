import { commonRoutes } from '../http/common-routes.ts';
import { schemaRef } from '../http/describe.ts';
import { problems as everyServices, type Problems } from '../http/problems.ts';
import type { Answer, Api, Describable, Description, Endpoint, JsonSchema } from '../http/route.ts';
import { allowHeader, type Header, headerRefs, responseHeaders } from './headers.ts';
import { jsonSchema } from './json-schema.ts';
import { describeParameters, templateOf } from './parameters.ts';
import { byStatus, type Group, problemRefs, problemResponse, problemSchema } from './problem-responses.ts';

/** An OpenAPI 3.1 document. */
export interface OpenApi {
  openapi: '3.1.0';
  [member: string]: unknown;
}

/** A route as a document tells of it. */
export interface Operation extends Description, Pick<Endpoint, 'method' | 'path' | 'type'> {
  tag: string;
  /** Whether it is 406 if the client accepts no JSON. As left out: for all but DELETE and other media types. */
  negotiates?: boolean;
}

/** What a document tells of. */
export interface ApiDescription
  extends Pick<Api<never>, 'title' | 'description' | 'servers' | 'schemas' | 'problems'> {
  tags: Api<never>['tag'][];
  operations: Operation[];
}

/** What is answered around an API, as by a gateway before it. */
export interface Surroundings {
  /** The problems beside those of the services. */
  problems: Problems;
  /** The codes that every operation may answer with. */
  everywhere: string[];
  /** Headers of every answer, beside those of the services. */
  headers: Record<string, Header>;
  /** Headers that only some answers name. */
  named: Record<string, Header>;
}

/** The codes that reading a body may end with. */
const bodyProblems = [
  'malformed_json',
  'body_not_an_object',
  'body_incomplete',
  'body_too_large',
  'unsupported_media_type',
  'validation_failed',
];

const contextHeaderNames = ['X-Request-Id', 'traceparent'];

/** What a service answers when nothing is around it. */
export const alone: Surroundings = {
  problems: {},
  everywhere: ['bad_request', 'request_timeout', 'headers_too_large', 'internal_error'],
  headers: {},
  named: {},
};

/** What a service answers: the routes of its own, then those of every service. */
export function describeService(api: Api<never>): ApiDescription {
  const { title, description, servers, tag, schemas, problems, routes, name } = api;
  const operations = [...routes, ...commonRoutes(name)].map((route) => ({ ...route, tag: tag.name }));
  return { title, description, servers, tags: [tag], schemas, problems, operations };
}

/** The document of an API, with whatever answers its surroundings give beside its own. */
export function openApi(api: ApiDescription, surroundings: Surroundings = alone): OpenApi {
  const { everywhere, headers } = surroundings;
  const problems = { ...everyServices, ...api.problems, ...surroundings.problems };
  const always = [...contextHeaderNames, ...Object.keys(headers)];
  const unmatched = byStatus([...new Set([...unmatchedProblems, ...everywhere])], problems);
  const respond = ({ status, codes }: Group) => problemResponse(status, codes, problems, always);
  const operations = api.operations.map((operation) => ({
    operation,
    codes: [...new Set([...codesOf(operation), ...everywhere])],
  }));
  const groups = operations.flatMap(({ codes }) => byStatus(codes, problems));
  return {
    openapi: '3.1.0',
    info: {
      title: api.title,
      version: '1.0.0',
      description: api.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: api.servers,
    security: [],
    tags: api.tags,
    paths: pathsOf(operations, { schemas: api.schemas, problems, always }),
    components: {
      schemas: { ...schemasOf(api.schemas), Problem: problemSchema },
      headers: headersOf(api.operations, surroundings, always),
      responses: Object.fromEntries(groups.map((group) => [group.name, respond(group)])),
    },
    'x-unmatched': {
      description:
        'What is answered to a path or a method that is not described above. HEAD is where GET is.',
      responses: {
        204: {
          description: "To OPTIONS: the path's methods.",
          headers: { ...headerRefs(always), Allow: allowHeader },
        },
        ...Object.fromEntries(unmatched.map((group) => [group.status, respond(group)])),
      },
    },
  };
}

const unmatchedProblems = ['not_found', 'method_not_allowed', 'not_acceptable', 'not_implemented'];

function codesOf(operation: Operation): string[] {
  const {
    method,
    type,
    body,
    problems = [],
    negotiates = method !== 'delete' && type === undefined,
  } = operation;
  return [...problems, ...(negotiates ? ['not_acceptable'] : []), ...(body ? bodyProblems : [])];
}

const schemasOf = (schemas: ApiDescription['schemas']): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      isDescribable(schema) ? jsonSchema(schema) : schema,
    ]),
  );

const isDescribable = (schema: Describable | JsonSchema): schema is Describable =>
  typeof schema.describe === 'function';

/** The headers that answers have, each with the first example that there is of it. */
function headersOf(operations: Operation[], { headers, named }: Surroundings, always: string[]) {
  const answers = operations.flatMap((operation) => Object.values(operation.answers));
  const examples: Record<string, string> = Object.assign({}, ...answers.map((one) => one.headers).reverse());
  const wanted = new Set([...always, 'Retry-After', ...Object.keys(examples)]);
  const defined = Object.entries({ ...responseHeaders, ...headers, ...named });
  return Object.fromEntries(
    defined
      .filter(([name]) => wanted.has(name))
      .map(([name, header]) => [name, name in examples ? { ...header, example: examples[name] } : header]),
  );
}

interface Described {
  operation: Operation;
  codes: string[];
}

interface Common {
  schemas: ApiDescription['schemas'];
  problems: Problems;
  always: string[];
}

function pathsOf(operations: Described[], { schemas, problems, always }: Common) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { operation, codes } of operations) {
    const { method, id, tag, summary, description, body } = operation;
    const path = templateOf(operation);
    paths[path] ??= {};
    paths[path][method] = {
      operationId: id,
      tags: [tag],
      summary,
      ...(description && { description }),
      parameters: describeParameters(operation),
      ...(body && { requestBody: bodyOf(body, schemas) }),
      responses: { ...answersOf(operation, always), ...problemRefs(codes, problems) },
    };
  }
  return paths;
}

function bodyOf({ schema, examples }: NonNullable<Operation['body']>, schemas: ApiDescription['schemas']) {
  const [name] = Object.entries(schemas).find(([, one]) => one === schema) ?? [];
  if (name === undefined) throw new TypeError('the schema of a body is none of its API');
  const values = Object.entries(examples).map(([example, value]) => [example, { value }]);
  return {
    required: true,
    content: { 'application/json': { schema: schemaRef(name), examples: Object.fromEntries(values) } },
  };
}

const answersOf = ({ answers, type = 'application/json' }: Operation, always: string[]) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, type, always)]),
  );

function answerOf({ description, headers = {}, schema, example }: Answer, type: string, always: string[]) {
  const content = { [type]: { schema, ...(example !== undefined && { example }) } };
  return {
    description,
    headers: headerRefs([...always, ...Object.keys(headers)]),
    ...(schema && { content }),
  };
}
