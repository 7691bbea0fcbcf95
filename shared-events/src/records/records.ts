import { parseData, type RequestContext } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';
import { Failure } from '../failure.ts';
import { endBy } from '../redis/connection.ts';
import { type Script, script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { appending } from '../tracing.ts';

/** What every script that writes a record begins with: pass it to `script` before the script's own files. */
export const recordLua = new URL('lua/record.lua', import.meta.url);

/** A document in today's shape: its version (the stream id of its last event) and its JSON text. */
export interface Stored {
  version: string;
  text: string;
}

/** A document as it is kept: its text may be of an older schema. */
export interface KeptRecord extends Stored {
  schema: number;
}

/** The request a change belongs to, and the versions it may be made from. */
export interface ChangeRequest {
  context: RequestContext;
  /** Returns whether the change may be made from this version (If-Match). */
  allows(version: string): boolean;
}

export interface Records<Document> {
  find(id: string): Promise<Stored | undefined>;
  /**
   * Replaces a document by what `edit` makes of it, with its event. `edit` may run again, on a newer document, if
   * another writer was first; if it returns the document itself nothing changes and no event is written.
   * Resolves to nothing if there is no document. Fails with `precondition_failed` or `record_busy`.
   */
  update(
    id: string,
    request: ChangeRequest,
    edit: (document: Document) => Document,
  ): Promise<Stored | undefined>;
  /** Removes a document, with its event. Resolves to what was removed, and fails as `update` does. */
  remove(id: string, request: ChangeRequest): Promise<Stored | undefined>;
}

interface RecordOptions<Type extends string, Document> {
  redis: Store;
  /** Where changes are written; see `BuildOptions`. */
  writer: Store;
  stream: EventStream<Type, Document>;
  /** The type of an update's event; or what tells it from the document before the update and after. */
  updated: Type | ((before: Document, after: Document) => Type);
  deleted: Type;
  recordKey(id: string): string;
  /**
   * The script of a change. It is given the version the change was made from, the arguments that `concerned` gives, and
   * the entry's fields, and answers `done` with the new version, `conflict` with the present record, or `missing`.
   */
  change: Script;
  /** Returns the keys that a change concerns, and arguments of its script. A removal has no document after it. */
  concerned(before: Document, after: Document | undefined): { keys: string[]; args: string[] };
}

const touchScript = script(recordLua, new URL('lua/touch.lua', import.meta.url));

/** How long a change may take in all, also if other writers keep being first, in milliseconds. */
const changeTimeout = 1800;

/** Returns the record that a text in Redis stands for; one without a schema is of the first (see record.lua). */
export function parseRecord(record: string): KeptRecord {
  const [version, rest] = split(record);
  if (rest.startsWith('{')) return { version, schema: 1, text: rest };
  const [schema, text] = split(rest);
  return { version, schema: Number(schema), text };
}

function split(text: string): [string, string] {
  const space = text.indexOf(' ');
  return [text.slice(0, space), text.slice(space + 1)];
}

type Shapes<Document> = Pick<EventStream<string, Document>, 'schema' | 'dataOf'>;

/** Returns a record's document in today's shape. Throws UndecodableEntry if it cannot be had. */
export function documentOf<Document>(
  stream: Shapes<Document>,
  { version, schema, text }: KeptRecord,
): Document {
  const entry = { id: version, data: text, schema };
  return schema === stream.schema ? (parseData(entry) as Document) : stream.dataOf(entry);
}

/** Returns a record in today's shape: as it stands if it was written in it. Throws as `documentOf` does. */
export const inTodaysShape = (stream: Shapes<unknown>, record: KeptRecord): Stored => ({
  version: record.version,
  text: record.schema === stream.schema ? record.text : JSON.stringify(documentOf(stream, record)),
});

/** Event-sourced records: each change is the record and its event, in one script, made from a named version. */
export function records<Type extends string, Document extends { id: string }>(
  options: RecordOptions<Type, Document>,
): Records<Document> {
  const { redis, writer, stream, updated, deleted, recordKey, change, concerned } = options;

  async function read(id: string): Promise<KeptRecord | undefined> {
    const record = await redis.get(recordKey(id));
    return record === null ? undefined : parseRecord(record);
  }

  /** Writes what `decide` makes of the record; again from the newer one while another writer was first. */
  async function write(
    id: string,
    { context, allows }: ChangeRequest,
    decide: (record: KeptRecord) => Decision<Type, Document> | undefined,
  ): Promise<Stored | undefined> {
    const deadline = performance.now() + changeTimeout;
    let record = await read(id);
    while (record !== undefined) {
      if (!allows(record.version)) {
        throw new Failure(
          'precondition_failed',
          'The document has changed since the version named by If-Match.',
        );
      }
      const decision = decide(record);
      if (decision === undefined) {
        // That nothing has to be written is also an answer that must not be lost: what it goes by is confirmed.
        if (writer !== redis) await endBy(deadline, touchScript(writer, [recordKey(id)], []));
        return inTodaysShape(stream, record);
      }
      const { type, before, after, text, schema } = decision;
      const { keys, args } = concerned(before, after);
      const { version: madeFrom } = record;
      const step = appending(type, context, (from) => {
        const fields = stream.encode({ type, subject: id, data: text, schema, ...from });
        return change(writer, keys, [madeFrom, ...args, ...fields]);
      });
      const [outcome, version = '', presentSchema, present = ''] = (await endBy(deadline, step)) as string[];
      if (outcome === 'done') return { version, text };
      if (outcome === 'missing') return undefined;
      if (performance.now() > deadline) {
        throw new Failure('record_busy', 'Too many changes of this document at once. Try again.');
      }
      record = { version, schema: Number(presentSchema), text: present };
    }
    return undefined;
  }

  return {
    async find(id) {
      const record = await read(id);
      return record && inTodaysShape(stream, record);
    },
    update: (id, request, edit) =>
      write(id, request, (record) => {
        const before = documentOf(stream, record);
        const after = edit(before);
        if (after === before) return undefined;
        const type = typeof updated === 'function' ? updated(before, after) : updated;
        return { type, before, after, text: JSON.stringify(after), schema: stream.schema };
      }),
    // The event of a removal carries the document as it stands, in the shape it was written in.
    remove: (id, request) =>
      write(id, request, (record) => ({ ...record, type: deleted, before: documentOf(stream, record) })),
  };
}

/** What is written: an event of this type, whose data is the text, of this schema. */
interface Decision<Type, Document> {
  type: Type;
  before: Document;
  /** Nothing if it is removed. */
  after?: Document;
  text: string;
  schema: number;
}
