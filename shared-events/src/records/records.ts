import type { Redis } from 'ioredis';
import type { RequestContext } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';
import { Failure } from '../failure.ts';
import { endBy } from '../redis/connection.ts';
import type { Script } from '../redis/script.ts';
import { appending } from '../tracing.ts';

/** What every script that writes a record begins with: pass it to `script` before the script's own files. */
export const recordLua = new URL('lua/record.lua', import.meta.url);

/** A document as it is kept: its version (the stream id of its last event) and its JSON text. */
export interface Stored {
  version: string;
  text: string;
}

/** The request a change belongs to, and the versions it may be made from. */
export interface ChangeRequest {
  context: RequestContext;
  /** Whether the change may be made from this version (If-Match). */
  allows(version: string): boolean;
}

export interface Records<Document> {
  find(id: string): Promise<Stored | undefined>;
  /**
   * Replaces a document by what `edit` makes of it, with its event. `edit` may run again, on a newer document, when
   * another writer was first; where it returns the document itself nothing changes and no event is written.
   * Resolves to nothing where there is no document. Fails with `precondition_failed` or `record_busy`.
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
  redis: Redis;
  stream: EventStream<Type, Document>;
  updated: Type;
  deleted: Type;
  recordKey(id: string): string;
  /**
   * The script of a change. It is given the version the change was made from, `argsOf` the document, and the
   * entry's fields, and answers `done` with the new version, `conflict` with the present record, or `missing`.
   */
  change: Script;
  keysOf(document: Document): string[];
  argsOf(document: Document): string[];
}

/** How long a change may take in all, also where other writers keep being first, in milliseconds. */
const changeDeadline = 1800;

/** The record that `<version> <document>` stands for. */
export function parseRecord(record: string): Stored {
  const space = record.indexOf(' ');
  return { version: record.slice(0, space), text: record.slice(space + 1) };
}

/** Event-sourced records: each change is the record and its event, in one script, made from a named version. */
export function records<Type extends string, Document extends { id: string }>(
  options: RecordOptions<Type, Document>,
): Records<Document> {
  const { redis, stream, updated, deleted, recordKey, change, keysOf, argsOf } = options;

  async function find(id: string): Promise<Stored | undefined> {
    const record = await redis.get(recordKey(id));
    return record === null ? undefined : parseRecord(record);
  }

  /** Writes what `decide` makes of the stored document; again from the newer one while another writer was first. */
  async function write(
    id: string,
    { context, allows }: ChangeRequest,
    decide: (stored: Stored) => { type: Type; document: Document; data: string } | undefined,
  ): Promise<Stored | undefined> {
    const deadline = performance.now() + changeDeadline;
    let stored = await find(id);
    while (stored !== undefined) {
      if (!allows(stored.version)) {
        throw new Failure(
          'precondition_failed',
          'The document has changed since the version named by If-Match.',
        );
      }
      const decision = decide(stored);
      if (decision === undefined) return stored;
      const { type, document, data } = decision;
      const before = [stored.version, ...argsOf(document)];
      const step = appending(type, context, (from) => {
        const fields = stream.encode({ type, subject: id, data, ...from });
        return change(redis, keysOf(document), [...before, ...fields]);
      });
      const [outcome, version, text] = (await endBy(deadline, step)) as string[];
      if (outcome === 'done') return { version: version as string, text: data };
      if (outcome === 'missing') return undefined;
      if (performance.now() > deadline) {
        throw new Failure('record_busy', 'Too many changes of this document at once. Try again.');
      }
      stored = { version: version as string, text: text as string };
    }
    return undefined;
  }

  return {
    find,
    update: (id, request, edit) =>
      write(id, request, ({ text }) => {
        const document: Document = JSON.parse(text);
        const edited = edit(document);
        return edited === document
          ? undefined
          : { type: updated, document: edited, data: JSON.stringify(edited) };
      }),
    remove: (id, request) =>
      write(id, request, ({ text }) => ({ type: deleted, document: JSON.parse(text), data: text })),
  };
}
