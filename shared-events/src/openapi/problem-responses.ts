import { exampleContext, schemaRef } from '../http/describe.ts';
import type { Problem, Problems } from '../http/problems.ts';
import type { JsonSchema } from '../http/route.ts';
import { allowHeader, headerRefs } from './headers.ts';

// How problems are described: those of one status together, as one response with an example of each.

/** The body of every problem. */
export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'A problem as of RFC 9457.',
  properties: {
    type: { type: 'string', pattern: '^urn:problem:[a-z_]+$' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', minLength: 1, description: 'A sentence that a person can act on.' },
    code: { type: 'string', description: 'Stable, for programs.' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'Where a body or a query is wrong: each wrong member.',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
};

/** Codes that share a status are one response, which has a name of its own. */
export interface Group {
  status: number;
  codes: string[];
  name: string;
}

/** Returns the responses that these codes are. Throws TypeError if one is no problem. */
export function byStatus(codes: string[], problems: Problems): Group[] {
  const statusOf = (code: string): number => {
    const [status] = problems[code] ?? [];
    if (status === undefined) throw new TypeError(`${code} is no problem`);
    return status;
  };
  const statuses = [...new Set(codes.map(statusOf))].sort();
  return statuses.map((status) => {
    const own = codes.filter((code) => statusOf(code) === status).sort();
    return { status, codes: own, name: own.join('.') };
  });
}

/** References to the responses that these codes are, by status. */
export const problemRefs = (codes: string[], problems: Problems) =>
  Object.fromEntries(
    byStatus(codes, problems).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
  );

/** Statuses whose problems come with a header more. */
const headersOf = (status: number) => ({
  ...([429, 503].includes(status) && headerRefs(['Retry-After'])),
  ...(status === 405 && { Allow: allowHeader }),
});

/** The response of some codes of one status. `always` names the headers of every answer. */
export function problemResponse(status: number, codes: string[], problems: Problems, always: string[]) {
  const values = codes.map((code) => [code, { value: exampleOf(code, problems) }]);
  return {
    description: codes.map((code) => problems[code]?.[1]).join('; '),
    headers: { ...headerRefs(always), ...headersOf(status) },
    content: {
      'application/problem+json': {
        schema: {
          type: 'object',
          allOf: [schemaRef('Problem')],
          properties: { status: { const: status }, code: { enum: codes } },
        },
        examples: Object.fromEntries(values),
      },
    },
  };
}

function exampleOf(code: string, problems: Problems) {
  const [status, title] = problems[code] as Problem;
  const type = `urn:problem:${code}`;
  const detail = code === 'validation_failed' ? 'name is required' : `${title}.`;
  const errors = code === 'validation_failed' && { errors: [{ path: 'name', message: 'is required' }] };
  return { type, title, status, code, requestId: exampleContext.request, detail, ...errors };
}
