import { type RawEntry, UndecodableEntry } from '../events/entry.ts';
import type { EventStream } from '../events/event-stream.ts';

/** What a script that appends entries of another layout begins with: pass it to `script` after `evidenceLua`. */
export const copyLua = new URL('lua/copy.lua', import.meta.url);

/** An entry of another layout; with its document in today's shape, if its event is one that can be understood. */
export interface Copy<Document = unknown> {
  entry: RawEntry;
  document?: Document;
}

/**
 * Returns the entry as it is copied: one that cannot be understood has not changed anything either. Throws UndecodableEntry
 * if it was written by a newer program than this: what it has changed is not known here.
 */
export function copyOf<Document>(stream: EventStream<string, Document>, entry: RawEntry): Copy<Document> {
  try {
    return { entry, document: stream.dataOf(stream.envelope(entry)) };
  } catch (error) {
    if (!(error instanceof UndecodableEntry) || error.code === 'unknown_schema') throw error;
    return { entry };
  }
}

/**
 * Returns the keys and arguments that copy.lua asks for.
 * @param keysOf the keys of what keeps a document
 * @param argumentOf what is said of a document to whoever applies its event
 */
export function copyArgs<Document>(
  stream: string,
  copies: readonly Copy<Document>[],
  keysOf: (document: Document) => string[],
  argumentOf: (document: Document) => string = () => '',
): [keys: string[], args: (string | number)[]] {
  const keys = [stream];
  const args: (string | number)[] = [];
  for (const { entry, document } of copies) {
    const [id, fields] = entry;
    if (document !== undefined) keys.push(...keysOf(document));
    const applied = document === undefined ? ['', ''] : ['apply', argumentOf(document)];
    args.push(id, ...applied, fields.length, ...fields);
  }
  return [keys, args];
}
