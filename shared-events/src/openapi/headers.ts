import { requestIdPattern, traceparentPattern } from '../http/context.ts';
import { exampleContext, matching } from '../http/describe.ts';
import type { JsonSchema } from '../http/route.ts';

// How the headers of answers are described.

/** A header of answers; its example may come from the answers that name it. */
export interface Header {
  description: string;
  required: boolean;
  schema: JsonSchema;
  example?: string | number;
}

/** How a header is described that is on each answer that names it. */
export const header = (description: string, schema: JsonSchema, example?: string | number): Header => ({
  description,
  required: true,
  schema,
  ...(example !== undefined && { example }),
});

/** The headers that answers of the services may have. */
export const responseHeaders: Record<string, Header> = {
  'X-Request-Id': header(
    'The id of the request, taken from it or made.',
    matching(requestIdPattern),
    exampleContext.request,
  ),
  traceparent: header(
    'The W3C trace context of the request, taken from it or made.',
    matching(traceparentPattern),
    exampleContext.trace,
  ),
  ETag: header("The document's version: the id of its last event in the stream.", matching(/^"\d+-\d+"$/)),
  Location: header('Where the new document is.', { type: 'string', format: 'uri-reference' }),
  Link: {
    description: 'The next page; absent on the last one.',
    required: false,
    schema: matching(/^<[^>]+>; rel="next"$/),
  },
  'Retry-After': header('When to try again, in seconds.', { type: 'integer', minimum: 1 }, 1),
};

/** The header of answers that tell which methods a path has. */
export const allowHeader = header("The path's methods.", matching(/^[A-Z]+(, [A-Z]+)*$/), 'HEAD, GET');

/** References to headers of a document. */
export const headerRefs = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
