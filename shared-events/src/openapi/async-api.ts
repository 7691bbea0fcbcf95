import { entryFields } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';
import { examples } from '../events/examples.ts';
import { type JsonSchema, jsonSchema } from './json-schema.ts';

/** An AsyncAPI 3.1 document. */
export interface AsyncApi {
  asyncapi: '3.1.0';
  [member: string]: unknown;
}

/** A stream with what its document says beside what follows from it. */
export interface DescribedStream {
  stream: Pick<EventStream<string, unknown>, 'name' | 'types' | 'schema' | 'document'>;
  /** What its documents are called. */
  noun: string;
  /** A document as an event may have it. */
  example: { id: string; createdAt: string };
}

const { context } = examples;
const text = (description: string): JsonSchema => ({ type: 'string', description });

/** The document of these streams: each event as the entry that is in Redis, and in the form of CloudEvents 1.0. */
export function asyncApi(streams: DescribedStream[]): AsyncApi {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Events of the task manager',
      version: '1.0.0',
      description:
        'Every change of a user or a task is one entry in a Redis Stream, written in the same step as the change. ' +
        "Read them with XREAD or in a consumer group. An entry's id is the version of the document, and its ETag.",
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    defaultContentType: 'application/json',
    servers: {
      redis: { host: 'localhost:6379', protocol: 'redis', description: 'The Redis that holds the streams.' },
    },
    channels: Object.assign({}, ...streams.flatMap((one) => [entryChannel(one), cloudEventChannel(one)])),
    operations: Object.assign({}, ...streams.map(operationsOf)),
    components: {
      schemas: Object.fromEntries(streams.map(({ noun, stream }) => [noun, jsonSchema(stream.document)])),
      messages: Object.assign({}, ...streams.map(messagesOf)),
      securitySchemes: {
        account: { type: 'userPassword', description: 'An account in Redis that may use the stream.' },
      },
    },
  };
}

const messageRefs = ({ stream }: DescribedStream, suffix: string) =>
  Object.fromEntries(
    stream.types.map((type) => [type + suffix, { $ref: `#/components/messages/${type}${suffix}` }]),
  );

const entryChannel = (described: DescribedStream) => ({
  [described.stream.name]: {
    address: `${described.stream.name}:{hashTag}`,
    title: `The stream ${described.stream.name}`,
    description: `What happens to each ${described.noun}: the entries of the stream, in order.`,
    parameters: {
      hashTag: {
        description: 'The partition in braces, which Redis Cluster takes for a hash tag.',
        default: '{0}',
        examples: ['{0}'],
      },
    },
    messages: messageRefs(described, ''),
  },
});

const cloudEventChannel = (described: DescribedStream) => ({
  [`${described.stream.name}-as-cloud-events`]: {
    title: `${described.stream.name} as CloudEvents`,
    description:
      'The same events as `toCloudEvent` gives them, and `npm run events -- tail --json` prints them.',
    messages: messageRefs(described, cloud),
  },
});
const cloud = '.cloudevent';

const security = [{ $ref: '#/components/securitySchemes/account' }];

const operationsOf = ({ stream: { name } }: DescribedStream) => ({
  [`append-${name}`]: {
    ...{ action: 'send', channel: { $ref: `#/channels/${name}` }, security },
    summary: 'Append an event, in the same script that makes the change.',
  },
  [`read-${name}`]: {
    ...{ action: 'receive', channel: { $ref: `#/channels/${name}` }, security },
    summary: 'Read the events, as a projection follows them or a consumer group takes them.',
  },
});

function messagesOf({ stream, noun, example }: DescribedStream) {
  return Object.assign(
    {},
    ...stream.types.map((type) => {
      const about = `The ${noun} ${type.endsWith('deleted') ? 'as it was last' : 'as it is after the change'}.`;
      const data = { $ref: `#/components/schemas/${noun}` };
      const message = { contentType: 'application/json', title: type, summary: about };
      return {
        [type]: {
          ...{ name: type, ...message },
          payload: entrySchema(type, stream.schema, data),
          examples: [{ name: 'entry', payload: entryOf(type, stream.schema, example) }],
        },
        [type + cloud]: {
          ...{ name: type + cloud, ...message, contentType: 'application/cloudevents+json' },
          payload: cloudEventSchema(type, stream, data),
          examples: [{ name: 'event', payload: cloudEventOf(type, stream, example) }],
        },
      };
    }),
  );
}

const entrySchema = (type: string, schema: number, data: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: {
    type: { type: 'string', const: type },
    subject: { type: 'string', format: 'uuid', description: 'The id of the document.' },
    data: {
      type: 'string',
      description: "The document's JSON, whole; its shape is that of `data` in the form of CloudEvents.",
      ...{ contentMediaType: 'application/json', 'x-contentSchema': data },
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

const names = fieldsOf({ type: '', subject: '', data: '', schema: 1, ...context }).map(([name]) => name);

const entryOf = (type: string, schema: number, example: DescribedStream['example']) =>
  Object.fromEntries(
    fieldsOf({ type, subject: example.id, data: JSON.stringify(example), schema, ...context }),
  );

const cloudEventSchema = (
  type: string,
  { name, schema }: DescribedStream['stream'],
  data: JsonSchema,
): JsonSchema => ({
  type: 'object',
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', pattern: '^\\d+-\\d+$', description: "The entry's id." },
    source: { type: 'string', pattern: `^/${name}/\\d+$`, description: 'The stream and its partition.' },
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
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data'],
    'schemaversion',
  ],
});

const cloudEventOf = (
  type: string,
  { name, schema }: DescribedStream['stream'],
  data: { id: string; createdAt: string },
) => ({
  ...{
    specversion: '1.0',
    id: `${Date.parse(data.createdAt)}-0`,
    source: `/${name}/0`,
    type,
    subject: data.id,
  },
  ...{ time: data.createdAt, datacontenttype: 'application/json', data, schemaversion: schema },
  ...{ traceparent: context.trace, requestid: context.request },
});
