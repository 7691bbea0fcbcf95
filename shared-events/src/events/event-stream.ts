import type { AnyObject, InferType, ObjectSchema } from 'yup';

import { type Entry, entryFields, parseData, type RawEntry, readEntry, UndecodableEntry } from './entry.ts';
import { hashTag, type Partition } from './layout.ts';

/** One fact of a stream: the whole document after the change, or for a deletion the last one. */
export interface Event<Type extends string, Document> extends Omit<Entry, 'type' | 'data' | 'schema'> {
  type: Type;
  data: Document;
}

/** The closed union of a stream's events, so that the compiler sees when a switch over `type` is complete. */
export type EventOf<Stream> =
  Stream extends EventStream<infer Type, infer Document> ? { [T in Type]: Event<T, Document> }[Type] : never;

export interface EventStream<Type extends string, Document> {
  name: string;
  types: readonly Type[];
  /** The shape of the data, as it is today. */
  document: Pick<ObjectSchema<AnyObject>, 'describe'>;
  /** What a document is called in descriptions, such as `User`. */
  noun: string;
  /** A document as descriptions show it. */
  example: Document;
  /** The version of the data's shape that new entries carry. */
  schema: number;
  /** The key of one partition of the stream. */
  key(partition: Partition): string;
  /** Returns the field list of a new entry. `data` is JSON text of the shape `schema`, taken as it is. */
  encode(entry: { type: Type } & Omit<Entry, 'id' | 'type'>): string[];
  /** Returns an entry as an event, its data upcast to today's shape. Throws UndecodableEntry with the reason. */
  decode(raw: RawEntry): { [T in Type]: Event<T, Document> }[Type];
  /** Returns the envelope of an entry whose type is one of the stream's; the data may be anything. Throws UndecodableEntry. */
  envelope(raw: RawEntry): Envelope<Type>;
  /** Returns data of any shape there ever was in today's shape, checked. Throws UndecodableEntry. */
  dataOf(entry: Pick<Entry, 'id' | 'data' | 'schema'>): Document;
}

/** An entry of a stream whose data is not looked at. */
export type Envelope<Type extends string> = Omit<Entry, 'type'> & { type: Type };

/**
 * Describes a stream: its name, its event types, and the shape of its documents.
 * `upcasts[n]` turns data of schema version n + 1 into version n + 2, so the current version is their number plus one.
 */
export function eventStream<const Types extends readonly string[], Shape extends AnyObject>(definition: {
  name: string;
  types: Types;
  document: ObjectSchema<Shape>;
  noun: string;
  example: InferType<ObjectSchema<Shape>>;
  upcasts?: ((data: unknown) => unknown)[];
}): EventStream<Types[number], InferType<ObjectSchema<Shape>>> {
  const { name, types, document, noun, example, upcasts = [] } = definition;
  const schema = upcasts.length + 1;

  function envelope(raw: RawEntry): Envelope<Types[number]> {
    const entry = readEntry(raw);
    if (types.includes(entry.type)) return entry;
    throw new UndecodableEntry('unknown_type', entry.id, `${entry.type} is no event of ${name}`);
  }

  function dataOf(entry: Pick<Entry, 'id' | 'data' | 'schema'>) {
    if (entry.schema > schema) {
      const reason = `schema version ${entry.schema} is newer than this program's ${schema}`;
      throw new UndecodableEntry('unknown_schema', entry.id, reason);
    }
    const written = parseData(entry);
    try {
      const current = upcasts.slice(entry.schema - 1).reduce((value, upcast) => upcast(value), written);
      return document.validateSync(current, { strict: true });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UndecodableEntry('invalid_data', entry.id, `the data cannot be used: ${reason}`, error);
    }
  }

  return {
    name,
    types,
    document,
    noun,
    example,
    schema,
    key: (partition) => `${name}:${hashTag(partition)}`,
    encode: entryFields,
    decode(raw) {
      const entry = envelope(raw);
      const { id, type, subject, trace, request } = entry;
      return { id, type, subject, trace, request, data: dataOf(entry) };
    },
    envelope,
    dataOf,
  };
}
