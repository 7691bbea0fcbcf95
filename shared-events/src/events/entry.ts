/** A stream entry as XRANGE and XREAD return it: its id, then names and values in turn. */
export type RawEntry = [id: string, fields: string[]];

/** Where a change comes from: the request that asked for it, and its trace. */
export interface RequestContext {
  /** the X-Request-Id */
  request: string;
  /** the W3C traceparent */
  trace: string;
}

/** An entry whose fields are known to be there; `data` is still the JSON text of the document. */
export interface Entry extends RequestContext {
  id: string;
  type: string;
  subject: string;
  data: string;
  schema: number;
}

/** Why an entry can never be understood, however often it is tried. */
export type UndecodableCode = 'malformed_entry' | 'unknown_type' | 'unknown_schema' | 'invalid_data';

export class UndecodableEntry extends Error {
  readonly code: UndecodableCode;
  readonly entryId: string;
  readonly reason: string;

  constructor(code: UndecodableCode, entryId: string, reason: string, cause?: unknown) {
    super(`entry ${entryId}: ${reason}`, { cause });
    this.name = 'UndecodableEntry';
    this.code = code;
    this.entryId = entryId;
    this.reason = reason;
  }
}

/** One value of a raw entry. Entries written by hand may have their fields in any order. */
export function field([, fields]: RawEntry, name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] === name) return fields[at + 1];
  }
  return undefined;
}

/** What an entry is about; the empty string if it does not say. */
export const subjectOf = (raw: RawEntry): string => field(raw, 'subject') ?? '';

/** Reads the envelope of an entry, without looking into its data. Throws UndecodableEntry. */
export function readEntry(raw: RawEntry): Entry {
  const required = (name: string): string => {
    const value = field(raw, name);
    if (value === undefined) {
      throw new UndecodableEntry('malformed_entry', raw[0], `the field ${name} is missing`);
    }
    return value;
  };
  const schema = required('schema');
  if (!/^[1-9]\d{0,8}$/.test(schema)) {
    throw new UndecodableEntry('malformed_entry', raw[0], 'the field schema is not a whole number above 0');
  }
  return {
    id: raw[0],
    type: required('type'),
    subject: required('subject'),
    data: required('data'),
    schema: Number(schema),
    trace: field(raw, 'trace') ?? '',
    request: field(raw, 'request') ?? '',
  };
}

/** The data of an entry, in the shape it was written in. Throws UndecodableEntry. */
export function parseData({ id, data }: Pick<Entry, 'id' | 'data'>): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    throw new UndecodableEntry('invalid_data', id, 'the data is not JSON', error);
  }
}

/** The field list of an entry. The order never changes: Redis then stores the names once a node. */
export const entryFields = (entry: Omit<Entry, 'id'>): string[] => [
  'type',
  entry.type,
  'subject',
  entry.subject,
  'data',
  entry.data,
  'schema',
  String(entry.schema),
  'trace',
  entry.trace,
  'request',
  entry.request,
];
