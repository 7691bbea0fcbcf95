import { isDeepStrictEqual } from 'node:util';

/** What is to change of a document; members that are left out stay. */
export type Changes<Document> = { [Member in keyof Document]?: Document[Member] | undefined };

/**
 * Returns a document with changes made; the very same document if they change nothing, so that no event is written.
 * The time of its last change never goes back.
 */
export function changed<Document extends { updatedAt: string }>(
  document: Document,
  changes: Changes<Omit<Document, 'id' | 'createdAt' | 'updatedAt'>>,
  now: string,
): Document {
  const before = new Map(Object.entries(document));
  const news = Object.entries(changes).filter(
    ([name, value]) => value !== undefined && !isDeepStrictEqual(value, before.get(name)),
  );
  if (news.length === 0) return document;
  const updatedAt = now > document.updatedAt ? now : document.updatedAt;
  return { ...document, ...Object.fromEntries(news), updatedAt };
}
