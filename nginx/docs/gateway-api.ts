import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problems } from 'shared-events/http';
import type { JsonSchema } from 'shared-events/openapi';
import {
  type Answer,
  alone,
  answeredWith,
  header,
  metricsPath,
  type OpenApi,
  type Operation,
  openApi,
  type Surroundings,
} from 'shared-events/openapi';
import { taskApi } from '../../task-service/src/api.ts';
import { root } from '../../test/stack/parts.ts';
import { userApi } from '../../user-service/src/api.ts';

// The API as the gateway shows it: that of both services below their prefixes, and what the gateway answers itself.

const configuration = (file: string) => readFileSync(join(root, 'nginx', file), 'utf8');

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
function securityHeaders(): Record<string, JsonSchema> {
  const onPages = new Map(addedHeaders('docs-headers.conf'));
  return Object.fromEntries(
    addedHeaders('security-headers.conf').map(([name, value]) => {
      const values = [...new Set([value, onPages.get(name) ?? value])].map(patternOf);
      return [name, header('For browsers.', { type: 'string', pattern: `^(${values.join('|')})$` }, value)];
    }),
  );
}

const surroundings: Surroundings = {
  problems: { ...alone.problems, ...gatewayProblems },
  everywhere: [...new Set([...alone.everywhere, ...anywhere])],
  headers: securityHeaders(),
  named: {
    'Last-Modified': header('When it was made.', { type: 'string' }, 'Mon, 23 Nov 2026 04:00:00 GMT'),
    'Content-Encoding': header('Always compressed.', { const: 'gzip' }, 'gzip'),
  },
};

/** The operations of a service as the gateway shows them. */
const behind = (prefix: string, operations: Operation[]): Operation[] =>
  operations
    .filter(({ path }) => path !== metricsPath)
    .map(({ problems = [], ...operation }) => ({
      ...operation,
      path: prefix + operation.path,
      problems: [...problems, 'service_unreachable', 'service_timeout'],
    }));

const own = (path: string, id: string, summary: string, answers: Record<number, Answer>): Operation => ({
  ...{ method: 'get', path, id, tag: 'gateway', summary, answers },
  problems: ['precondition_failed'],
  negotiates: false,
});

const document = (description: string) => ({ 200: { description, schema: { type: 'object' } } });
const page = { 200: { description: 'A page.', type: 'text/html', schema: { type: 'string' } } };

const ownOperations: Operation[] = [
  own('/health', 'gatewayHealth', 'Whether the gateway lives', {
    200: answeredWith.state('healthy', 'It lives, whatever the services do.'),
  }),
  own('/openapi.json', 'api', 'This description', document('An OpenAPI 3.1 document.')),
  own('/asyncapi.json', 'events', 'The description of the events', document('An AsyncAPI 3.1 document.')),
  own('/docs', 'apiPage', 'This description as a page', page),
  own('/docs/events', 'eventsPage', 'The description of the events as a page', page),
  own('/docs/redoc.js', 'viewer', 'The script of these pages', {
    200: {
      ...{ description: 'Redoc.', type: 'text/javascript', schema: { type: 'string' } },
      headers: ['Last-Modified', 'Content-Encoding'],
    },
    304: { description: 'It is still the same.', headers: ['Last-Modified'] },
  }),
];

/** The document of the whole API. */
export const gatewayApi = (): OpenApi =>
  openApi(
    {
      title: 'Task manager',
      description:
        'Users and their tasks. Every change is also an event in a Redis Stream: see the description of the events.',
      servers: [{ url: '/', description: 'The gateway' }],
      tags: [
        ...userApi.tags,
        ...taskApi.tags,
        { name: 'gateway', description: 'What the gateway answers itself.' },
      ],
      schemas: { ...userApi.schemas, ...taskApi.schemas },
      operations: [
        ...behind('/users', userApi.operations),
        ...behind('/tasks', taskApi.operations),
        ...ownOperations,
      ],
    },
    surroundings,
  );
