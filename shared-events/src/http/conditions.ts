import type { ChangeRequest, Stored } from '../streams.ts';
import type { AppContext } from './app.ts';

const etag = (version: string): string => `"${version}"`;

/** Answers with a document: its text as it stands, its version as ETag, and 304 where If-None-Match has it. */
export function sendDocument(ctx: AppContext, { version, text }: Stored, status: 200 | 201 = 200): void {
  ctx.status = status;
  ctx.set('ETag', etag(version));
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  ctx.type = 'application/json';
  ctx.body = text;
}

/** The change a request asks for: where it comes from, and which versions its If-Match allows. */
export function changeRequest(ctx: AppContext): ChangeRequest {
  const header = ctx.get('If-Match');
  const tags = header.split(',').map((tag) => tag.trim());
  return {
    origin: ctx.state.origin,
    allows: (version) => header === '' || tags.includes('*') || tags.includes(etag(version)),
  };
}
