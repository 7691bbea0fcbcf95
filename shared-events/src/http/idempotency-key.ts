import { Failure } from '../failure.ts';
import { type Idempotency, idempotency } from '../records/idempotency.ts';
import type { AppContext } from './app.ts';

/** What an Idempotency-Key may be. */
export const keyPattern = /^[\x20-\x7e]{1,255}$/;

/** The Idempotency-Key of a request with the body it came with; nothing where it has none. */
export function readIdempotencyKey(ctx: AppContext, purpose: string, body: object): Idempotency | undefined {
  const key = ctx.get('Idempotency-Key');
  if (ctx.headers['idempotency-key'] === undefined) return undefined;
  if (!keyPattern.test(key)) {
    throw new Failure(
      'invalid_idempotency_key',
      'An Idempotency-Key has 1 to 255 printable ASCII characters.',
    );
  }
  return idempotency(purpose, key, body);
}
