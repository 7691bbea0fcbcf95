import { entryFields, parseData, type RawEntry, readEntry, UndecodableEntry } from './entry.ts';
import { hashTag, type Partition } from './layout.ts';

/** A CloudEvents 1.0 event in its JSON form, with this system's extension attributes. */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: unknown;
  schemaversion: number;
  traceparent?: string;
  requestid?: string;
}

const streamPattern = /^([\w-]+):\{(\d+(?:\.\d+)?)\}$/;
const sourcePattern = /^\/([\w-]+)\/(\d+(?:\.\d+)?)$/;

function parts(pattern: RegExp, text: string): [name: string, partition: Partition] {
  const [, name, partition] = pattern.exec(text) ?? [];
  if (name === undefined || partition === undefined) throw new TypeError(`${text} names no stream`);
  return [name, partition];
}

/**
 * The entry as a CloudEvent. Id, source and time follow from the entry id and the stream's key; the time is the
 * moment Redis took the entry in. Throws UndecodableEntry when the envelope is incomplete or the data is no JSON.
 */
export function toCloudEvent(streamKey: string, raw: RawEntry): CloudEvent {
  const [name, partition] = parts(streamPattern, streamKey);
  const entry = readEntry(raw);
  const { id, type, subject, schema, trace, request } = entry;
  return {
    specversion: '1.0',
    id,
    source: `/${name}/${partition}`,
    type,
    subject,
    time: timeOf(id),
    datacontenttype: 'application/json',
    data: parseData(entry),
    schemaversion: schema,
    ...(trace && { traceparent: trace }),
    ...(request && { requestid: request }),
  };
}

/** When Redis took an entry in, as ISO 8601. Throws UndecodableEntry if the id has no such time. */
export function timeOf(id: string): string {
  const time = new Date(Number.parseInt(id, 10));
  if (Number.isNaN(time.getTime())) throw new UndecodableEntry('malformed_entry', id, 'the id is no time');
  return time.toISOString();
}

/** The stream's key and the entry that a CloudEvent was made from, to the byte. */
export function fromCloudEvent(event: CloudEvent): { streamKey: string; entry: RawEntry } {
  const [name, partition] = parts(sourcePattern, event.source);
  const fields = entryFields({
    type: event.type,
    subject: event.subject,
    data: JSON.stringify(event.data),
    schema: event.schemaversion,
    trace: event.traceparent ?? '',
    request: event.requestid ?? '',
  });
  return { streamKey: `${name}:${hashTag(partition)}`, entry: [event.id, fields] };
}
