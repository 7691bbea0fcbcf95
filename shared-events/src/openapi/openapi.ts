import { type Problems, problems as serviceProblems } from '../http/problems.ts';
import { allowHeader, headerRefs, requestParameters, responseHeaders } from './headers.ts';
import type { JsonSchema } from './json-schema.ts';
import { byStatus, type Group, problemRefs, problemResponse, problemSchema } from './problem-responses.ts';

/** An OpenAPI 3.1 document. */
export interface OpenApi {
  openapi: '3.1.0';
  [member: string]: unknown;
}

/** An answer that is no problem. */
export interface Answer {
  description: string;
  /** Names of headers beside those of every answer; see `responseHeaders`. */
  headers?: string[];
  /** The media type of the body; application/json when left out. */
  type?: string;
  /** The body's schema; no body when left out. */
  schema?: JsonSchema;
  example?: unknown;
}

export interface Operation {
  method: 'get' | 'post' | 'put' | 'delete';
  path: string;
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** Beside those of every request; see `parameters`. */
  parameters?: JsonSchema[];
  body?: { schema: JsonSchema; examples: Record<string, object> };
  answers: Record<number, Answer>;
  /** The codes of the problems it may answer with, beside those of every operation. */
  problems?: string[];
  /** Whether it is 406 where the client accepts no JSON. As left out: true but for DELETE. */
  negotiates?: boolean;
}

export interface ApiDescription {
  title: string;
  description: string;
  /** Where the paths begin. */
  servers: { url: string; description: string }[];
  tags: { name: string; description: string }[];
  /** The schemas that operations refer to by name. */
  schemas: Record<string, JsonSchema>;
  operations: Operation[];
}

/** What is answered around an API, as by a gateway before it. */
export interface Surroundings {
  /** Every problem there can be. */
  problems: Problems;
  /** The codes that every operation may answer with. */
  everywhere: string[];
  /** Headers of every answer, beside those of the services. */
  headers: Record<string, JsonSchema>;
  /** Headers that only some answers name. */
  named: Record<string, JsonSchema>;
}

/** The codes that reading a body may end with. */
const bodyProblems = [
  ...['malformed_json', 'body_not_an_object', 'body_incomplete', 'body_too_large'],
  ...['unsupported_media_type', 'validation_failed'],
];

const contextHeaderNames = ['X-Request-Id', 'traceparent'];

/** What a service answers when nothing is around it. */
export const alone: Surroundings = {
  problems: serviceProblems,
  everywhere: ['bad_request', 'request_timeout', 'headers_too_large', 'internal_error'],
  headers: {},
  named: {},
};

/** The document of an API, with whatever answers its surroundings give beside its own. */
export function openApi(api: ApiDescription, surroundings: Surroundings = alone): OpenApi {
  const { problems, everywhere, headers } = surroundings;
  const defined = { ...responseHeaders, ...headers, ...surroundings.named };
  const always = [...contextHeaderNames, ...Object.keys(headers)];
  const unmatched = byStatus([...new Set([...unmatchedProblems, ...everywhere])], problems);
  const respond = ({ status, codes }: Group) => problemResponse(status, codes, problems, always);
  const operations = api.operations.map((operation) => ({
    operation,
    codes: [...new Set([...codesOf(operation), ...everywhere])],
  }));
  const named = new Set([...always, 'Retry-After', ...api.operations.flatMap(headersNamedBy)]);
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
    paths: pathsOf(operations, problems, always),
    components: {
      schemas: { ...api.schemas, Problem: problemSchema },
      headers: Object.fromEntries(Object.entries(defined).filter(([name]) => named.has(name))),
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

function codesOf({ method, body, problems = [], negotiates = method !== 'delete' }: Operation): string[] {
  return [...problems, ...(negotiates ? ['not_acceptable'] : []), ...(body ? bodyProblems : [])];
}

const headersNamedBy = ({ answers }: Operation): string[] =>
  Object.values(answers).flatMap(({ headers = [] }) => headers);

interface Described {
  operation: Operation;
  codes: string[];
}

function pathsOf(operations: Described[], problems: Problems, always: string[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { operation, codes } of operations) {
    const { method, path, id, tag, summary, description, parameters: own = [], body, answers } = operation;
    paths[path] ??= {};
    paths[path][method] = {
      ...{ operationId: id, tags: [tag], summary, ...(description && { description }) },
      parameters: [...own, ...requestParameters],
      ...(body && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: body.schema, examples: valuesOf(body.examples) } },
        },
      }),
      responses: { ...answersOf(answers, always), ...problemRefs(codes, problems) },
    };
  }
  return paths;
}

const valuesOf = (examples: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));

const answersOf = (answers: Record<number, Answer>, always: string[]) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const { description, headers = [], type = 'application/json', schema, example } = answer;
      const content = { [type]: { schema, ...(example !== undefined && { example }) } };
      return [
        status,
        { description, headers: headerRefs([...always, ...headers]), ...(schema && { content }) },
      ];
    }),
  );
