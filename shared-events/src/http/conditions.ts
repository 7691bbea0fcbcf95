import type { ChangeRequest, Stored } from '../records/records.ts';
import type { AppContext } from './context.ts';
import { sendJson } from './send-json.ts';

const etag = (version: string): string => `"${version}"`;

/** Returns the entity tags of an If-Match or If-None-Match header. */
const tagsIn = (header: string): string[] => header.split(',').map((tag) => tag.trim());

const matches = (tags: string[], version: string): boolean =>
  tags.includes('*') || tags.includes(etag(version));

/** Answers with a document: its text as it stands, and its version as ETag. */
export function sendDocument(ctx: AppContext, { version, text }: Stored): void {
  ctx.set('ETag', etag(version));
  sendJson(ctx, text);
}

/**
 * Answers a read with a document, or with 304 if If-None-Match has its version (weakly compared, as RFC 9110 asks).
 */
export function sendIfChanged(ctx: AppContext, stored: Stored): void {
  sendDocument(ctx, stored);
  const header = ctx.get('If-None-Match');
  if (header === '') return;
  const tags = tagsIn(header).map((tag) => tag.replace(/^W\//, ''));
  if (matches(tags, stored.version)) ctx.status = 304;
}

/** Returns the change that a request asks for: its context, and which versions its If-Match allows. */
export function changeRequest(ctx: AppContext): ChangeRequest {
  const header = ctx.get('If-Match');
  const tags = tagsIn(header);
  return { context: ctx.state.context, allows: (version) => header === '' || matches(tags, version) };
}
