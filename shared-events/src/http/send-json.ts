import type { Readable } from 'node:stream';
import type { AppContext } from './context.ts';

/** Answers with JSON text as it stands. The type is set in full: Koa would look a short name up with every answer. */
export function sendJson(ctx: AppContext, text: string | Readable): void {
  ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.body = text;
}
