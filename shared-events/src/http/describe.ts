import type { EventStream } from '../events/event-stream.ts';
import { requestIdPattern, traceparentPattern } from './context.ts';
import { keyPattern } from './idempotency-key.ts';
import type { Answer, JsonSchema } from './route.ts';

// What the descriptions of routes are put together from.

/** The context of the requests and events that descriptions show. */
export const exampleContext = {
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  request: '5d6c0f0b8a0e4f6f9b1d2c3e4f5a6b7c',
};

const exampleId = '01a20570-5a3c-7abc-9def-0123456789ab';
const exampleEtag = '"1795383361000-0"';

/** A schema of the document by its name. */
export const schemaRef = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** A string that matches a pattern, as a schema. */
export const matching = ({ source }: RegExp): JsonSchema => ({ type: 'string', pattern: source });

const anyText: JsonSchema = { type: 'string' };

const headerParameter = (name: string, description: string, schema: JsonSchema, example: string) => ({
  in: 'header',
  name,
  description,
  schema,
  example,
});

/** What every request may have. */
export const requestParameters: JsonSchema[] = [
  headerParameter(
    'X-Request-Id',
    'Stands in the answer, in every log line and in the event.',
    matching(requestIdPattern),
    exampleContext.request,
  ),
  headerParameter('traceparent', 'W3C trace context.', matching(traceparentPattern), exampleContext.trace),
];

/** What requests may have beside their queries and bodies. */
export const parameters = {
  /** The id in the path. */
  id: (name: string): JsonSchema => ({
    in: 'path',
    name,
    description: 'What is no id of a document names nothing: 404.',
    required: true,
    schema: anyText,
    example: exampleId,
  }),
  idempotencyKey: headerParameter(
    'Idempotency-Key',
    'Makes the creation safe to send again for 24 hours.',
    matching(keyPattern),
    '8e03978e-40d5-43e8-bc93-6894a57f9324',
  ),
  ifMatch: headerParameter(
    'If-Match',
    'Entity tags, or *: change only one of these versions.',
    anyText,
    exampleEtag,
  ),
  ifNoneMatch: headerParameter(
    'If-None-Match',
    'Entity tags, or *: 304 where the version is one of these.',
    anyText,
    exampleEtag,
  ),
};

/** A stream whose documents are answered with. */
type Documents = Pick<EventStream<string, { id: string }>, 'noun' | 'example'>;

/** The answers that a document can be read, created or changed with. */
export const answeredWith = {
  document: ({ noun, example }: Documents, description = 'The document.'): Answer => ({
    description,
    headers: { ETag: exampleEtag },
    schema: schemaRef(noun),
    example,
  }),
  /** @param path the one below which the new document is, as a client sees it */
  created: ({ noun, example }: Documents, path: string): Answer => ({
    description: 'Created: document and event are both in Redis.',
    headers: { ETag: exampleEtag, Location: `${path}/${example.id}` },
    schema: schemaRef(noun),
    example,
  }),
  unchanged: {
    description: 'The version is still the one in If-None-Match.',
    headers: { ETag: exampleEtag },
  } satisfies Answer,
  gone: { description: 'Deleted.' } satisfies Answer,
  state: (status: string, description: string): Answer => ({
    description,
    schema: { type: 'object', properties: { status: { const: status } }, required: ['status'] },
    example: { status },
  }),
};

/** The codes of what reads or writes records. */
export const storeProblems = ['newer_schema', 'not_ready', 'redis_unavailable'];

/** The codes that a creation with an Idempotency-Key may end with. */
export const idempotencyProblems = [
  'invalid_idempotency_key',
  'idempotency_key_reused',
  'idempotency_answer_gone',
];
