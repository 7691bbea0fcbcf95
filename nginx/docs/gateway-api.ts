import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, answeredWith, type Problems } from 'shared-events/http';
import {
  alone,
  describeService,
  type Header,
  header,
  type OpenApi,
  type Operation,
  openApi,
  type Surroundings,
} from 'shared-events/openapi';
import { taskApi } from '../../task-service/src/routes.ts';
import { userApi } from '../../user-service/src/routes.ts';
import { withCurlSamples } from './curl.ts';
import { pageNames } from './readme-pages.ts';

// The API as the gateway shows it: that of both services below their prefixes, and what the gateway answers itself.

const configuration = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8');

/** A map from statuses in nginx/problems.conf. */
function statusMap(variable: string): Map<number, string> {
  const [, lines = ''] =
    new RegExp(`map \\$status \\$${variable} \\{([^}]*)\\}`).exec(configuration('problems.conf')) ?? [];
  const entries = [...lines.matchAll(/^\s*(\d+|default) "?([^";]+)"?;$/gm)];
  return new Map(entries.map(([, status, text = '']) => [status === 'default' ? 500 : Number(status), text]));
}

const titles = statusMap('problem_title');

/** The problems of the gateway's own, by code. */
export const gatewayProblems: Problems = Object.fromEntries(
  [...statusMap('problem_code')].map(([status, code]) => [code, [status, titles.get(status) ?? '']]),
);

/** Those that only some paths or methods can meet; any request can meet the others. */
const particular = [
  'not_found',
  'method_not_allowed',
  'precondition_failed',
  'service_unreachable',
  'service_timeout',
];
const anywhere = Object.keys(gatewayProblems).filter((code) => !particular.includes(code));

/** The headers that a file of the gateway's configuration adds, with the patterns of their values. */
const addedHeaders = (file: string): [name: string, value: string][] =>
  [...configuration(file).matchAll(/^add_header (\S+) (?:"([^"]*)"|(\S+)) always;$/gm)].map(
    ([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''],
  );

const patternOf = (value: string): string =>
  value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\$request_id', '[0-9a-f]{32}');

/** Security headers are on every answer; on pages and their script some have another value. */
function securityHeaders(): Record<string, Header> {
  const onPages = new Map(addedHeaders('docs-headers.conf'));
  return Object.fromEntries(
    addedHeaders('security-headers.conf').map(([name, value]) => {
      const values = [...new Set([value, onPages.get(name) ?? value])].map(patternOf);
      return [name, header('For browsers.', { type: 'string', pattern: `^(${values.join('|')})$` }, value)];
    }),
  );
}

const surroundings: Surroundings = {
  problems: gatewayProblems,
  everywhere: [...new Set([...alone.everywhere, ...anywhere])],
  headers: securityHeaders(),
  named: {
    'Last-Modified': header('When it was made.', { type: 'string' }),
    'Content-Encoding': header('Always compressed.', { const: 'gzip' }),
  },
};

/** The operations of a service as the gateway shows them. */
const behind = (prefix: string, api: Api<never>): Operation[] =>
  describeService(api)
    .operations.filter(({ internal }) => !internal)
    .map((operation) => ({
      ...operation,
      path: prefix + operation.path,
      problems: [...(operation.problems ?? []), 'service_unreachable', 'service_timeout'],
    }));

/** A file or a state that the gateway answers with itself. */
const own = (
  path: string,
  operation: Pick<Operation, 'id' | 'summary' | 'answers' | 'parameters' | 'problems'> & { type?: string },
): Operation => ({
  method: 'get',
  path,
  tag: 'gateway',
  ...operation,
  problems: ['precondition_failed', ...(operation.problems ?? [])],
  negotiates: false,
});

const document = (description: string) => ({ 200: { description, schema: { type: 'object' } } });
const text = { type: 'string' };
const page = { 200: { description: 'A page.', schema: text } };
const modified = { 'Last-Modified': 'Mon, 23 Nov 2026 04:00:00 GMT' };

const ownOperations: Operation[] = [
  own('/health', {
    id: 'gatewayHealth',
    summary: 'Whether the gateway lives',
    answers: { 200: answeredWith.state('healthy', 'It lives, whatever the services do.') },
  }),
  own('/openapi.json', {
    id: 'api',
    summary: 'This description',
    answers: document('An OpenAPI 3.1 document.'),
  }),
  own('/asyncapi.json', {
    id: 'events',
    summary: 'The description of the events',
    answers: document('An AsyncAPI 3.1 document.'),
  }),
  own('/docs', {
    id: 'apiPage',
    summary: 'This description as a page',
    type: 'text/html',
    answers: page,
  }),
  own('/docs/events', {
    id: 'eventsPage',
    summary: 'The description of the events as a page',
    type: 'text/html',
    answers: page,
  }),
  own('/docs/readme', {
    id: 'readme',
    summary: "The project's README",
    type: 'text/html',
    answers: page,
  }),
  own('/docs/readme/:page', {
    id: 'readmeOfPart',
    summary: 'The README of a part',
    type: 'text/html',
    problems: ['not_found'],
    parameters: [
      { in: 'path', name: 'page', required: true, schema: { enum: pageNames }, example: 'shared-events' },
    ],
    answers: page,
  }),
  own('/docs/redoc.js', {
    id: 'viewer',
    summary: 'The script of these pages',
    type: 'text/javascript',
    answers: {
      200: { description: 'Redoc.', schema: text, headers: { ...modified, 'Content-Encoding': 'gzip' } },
      304: { description: 'It is still the same.', headers: modified },
    },
  }),
];

/** The document of the whole API. */
export const gatewayApi = (): OpenApi =>
  withCurlSamples(
    openApi(
      {
        title: 'Task manager',
        description:
          'Users and their tasks. Every change is also an event in a Redis Stream: see ' +
          '[the description of the events](/docs/events). The samples take the address of the gateway from `GATEWAY` and ids ' +
          'from variables such as `USER_ID`.',
        servers: [{ url: '/', description: 'The gateway' }],
        tags: [
          userApi.tag,
          taskApi.tag,
          { name: 'gateway', description: 'What the gateway answers itself.' },
        ],
        schemas: { ...userApi.schemas, ...taskApi.schemas },
        problems: { ...userApi.problems, ...taskApi.problems },
        operations: [...behind('/users', userApi), ...behind('/tasks', taskApi), ...ownOperations],
      },
      surroundings,
    ),
  );
