import { entryFields } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';
import { exampleContext } from '../http/describe.ts';
import type { JsonSchema } from '../http/route.ts';
import { jsonSchema } from './json-schema.ts';

/** An AsyncAPI 3.1 document. */
export interface AsyncApi {
  asyncapi: '3.1.0';
  [member: string]: unknown;
}

/** What a document tells of a stream. */
type DescribedStream = Pick<
  EventStream<string, { id: string; createdAt: string }>,
  'name' | 'types' | 'schema' | 'document' | 'noun' | 'example'
>;

const text = (description: string): JsonSchema => ({ type: 'string', description });

/** The document of these streams: each event as the entry that is in Redis, and in the form of CloudEvents 1.0. */
export function asyncApi(streams: DescribedStream[]): AsyncApi {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Events of the task manager',
      version: '1.0.0',
      description:
        `Every change of ${nounsOf(streams)} is one entry in a Redis Stream, written in the same step as the change. ` +
        "Read them with XREAD or in a consumer group. An entry's id is the version of the document, and its ETag.",
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    defaultContentType: 'application/json',
    channels: Object.assign({}, ...streams.flatMap((one) => [entryChannel(one), cloudEventChannel(one)])),
    operations: Object.assign({}, ...streams.map(operationsOf)),
    components: {
      schemas: Object.fromEntries(streams.map(({ noun, document }) => [noun, jsonSchema(document)])),
      messages: Object.assign({}, ...streams.map(messagesOf)),
      securitySchemes: {
        account: { type: 'userPassword', description: 'An account in Redis that may use the stream.' },
      },
    },
  };
}

const nounsOf = (streams: DescribedStream[]): string =>
  streams.map(({ noun }) => `a ${noun.toLowerCase()}`).join(' or ');

const messageRefs = ({ types }: DescribedStream, suffix: string) =>
  Object.fromEntries(
    types.map((type) => [type + suffix, { $ref: `#/components/messages/${type}${suffix}` }]),
  );

const entryChannel = (stream: DescribedStream) => ({
  [stream.name]: {
    address: `${stream.name}:{hashTag}`,
    title: `The stream ${stream.name}`,
    description: `What happens to each ${stream.noun}: the entries of the stream, in order.`,
    parameters: {
      hashTag: {
        description: 'The partition in braces, which Redis Cluster takes for a hash tag.',
        default: '{0}',
        examples: ['{0}'],
      },
    },
    messages: messageRefs(stream, ''),
  },
});

const cloudEventChannel = (stream: DescribedStream) => ({
  [`${stream.name}-as-cloud-events`]: {
    title: `${stream.name} as CloudEvents`,
    description:
      'The same events as `toCloudEvent` gives them, and `npm run events -- tail --json` prints them.',
    messages: messageRefs(stream, cloud),
  },
});
const cloud = '.cloudevent';

const security = [{ $ref: '#/components/securitySchemes/account' }];

function operationsOf({ name }: DescribedStream) {
  const channel = { $ref: `#/channels/${name}` };
  return {
    [`append-${name}`]: {
      action: 'send',
      channel,
      security,
      summary: 'Append an event, in the same script that makes the change.',
    },
    [`read-${name}`]: {
      action: 'receive',
      channel,
      security,
      summary: 'Read the events, as a projection follows them or a consumer group takes them.',
    },
  };
}

const messagesOf = (stream: DescribedStream) =>
  Object.assign({}, ...stream.types.map((type) => messagesOfType(type, stream)));

/** The entry and the CloudEvent of an event type. */
function messagesOfType(type: string, stream: DescribedStream) {
  const { noun, schema, example } = stream;
  const title = type;
  const summary = `The ${noun} ${type.endsWith('deleted') ? 'as it was last' : 'as it is after the change'}.`;
  const data = { $ref: `#/components/schemas/${noun}` };
  return {
    [type]: {
      name: type,
      contentType: 'application/json',
      title,
      summary,
      payload: entrySchema(type, schema, data),
      examples: [{ name: 'entry', payload: entryOf(type, schema, example) }],
    },
    [type + cloud]: {
      name: type + cloud,
      contentType: 'application/cloudevents+json',
      title,
      summary,
      payload: cloudEventSchema(type, stream, data),
      examples: [{ name: 'event', payload: cloudEventOf(type, stream) }],
    },
  };
}

const entrySchema = (type: string, schema: number, data: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: {
    type: { type: 'string', const: type },
    subject: { type: 'string', format: 'uuid', description: 'The id of the document.' },
    data: {
      type: 'string',
      description: "The document's JSON, whole; its shape is that of `data` in the form of CloudEvents.",
      contentMediaType: 'application/json',
      'x-contentSchema': data,
    },
    schema: { type: 'string', const: String(schema), description: "The version of the data's shape." },
    trace: text('The W3C traceparent of the request that asked for the change.'),
    request: text('The X-Request-Id of that request.'),
  },
  required: names,
  additionalProperties: false,
});

/** The fields of an entry, in their order. */
const fieldsOf = (entry: Parameters<typeof entryFields>[0]): [string, string][] => {
  const flat = entryFields(entry);
  return flat.flatMap((name, at) =>
    at % 2 === 0 ? [[name, flat[at + 1] as string] as [string, string]] : [],
  );
};

const names = fieldsOf({ type: '', subject: '', data: '', schema: 1, ...exampleContext }).map(
  ([name]) => name,
);

const entryOf = (type: string, schema: number, example: DescribedStream['example']) =>
  Object.fromEntries(
    fieldsOf({ type, subject: example.id, data: JSON.stringify(example), schema, ...exampleContext }),
  );

const cloudEventSchema = (type: string, { name, schema }: DescribedStream, data: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', pattern: '^\\d+-\\d+$', description: "The entry's id." },
    source: {
      type: 'string',
      pattern: `^/${name}/\\d+(\\.\\d+)?$`,
      description: 'The stream and its partition.',
    },
    type: { type: 'string', const: type },
    subject: { type: 'string', format: 'uuid', description: 'The id of the document.' },
    time: { type: 'string', format: 'date-time', description: 'When Redis took the entry in.' },
    datacontenttype: { type: 'string', const: 'application/json' },
    data,
    schemaversion: { type: 'integer', const: schema, description: "The version of the data's shape." },
    traceparent: text('The W3C traceparent of the request; absent where that is not known.'),
    requestid: text('The X-Request-Id of the request; absent where that is not known.'),
  },
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'data',
    'schemaversion',
  ],
});

const cloudEventOf = (type: string, { name, schema, example }: DescribedStream) => ({
  specversion: '1.0',
  id: `${Date.parse(example.createdAt)}-0`,
  source: `/${name}/0`,
  type,
  subject: example.id,
  time: example.createdAt,
  datacontenttype: 'application/json',
  data: example,
  schemaversion: schema,
  traceparent: exampleContext.trace,
  requestid: exampleContext.request,
});
