import { isDeepStrictEqual } from 'node:util';
import type { ObjectSchema } from 'yup';
import { Failure } from '../failure.ts';
import { type Idempotency, idempotency } from '../records/idempotency.ts';
import type { AppContext } from './context.ts';

/** What an Idempotency-Key may be. */
export const keyPattern = /^[\x20-\x7e]{1,255}$/;

/**
 * Returns the Idempotency-Key of a request with the body it came with; nothing if it has none. Bodies are the same if
 * `saidIn` tells the same of them. Fails with `invalid_idempotency_key`.
 * @param purpose what the key is used for; the same key for another purpose is another key
 * @param body as `readBody` resolves to it with this schema
 */
export function readIdempotencyKey<T extends object>(
  ctx: AppContext,
  purpose: string,
  schema: ObjectSchema<T>,
  body: T,
): Idempotency | undefined {
  const key = ctx.get('Idempotency-Key');
  if (ctx.headers['idempotency-key'] === undefined) return undefined;
  if (!keyPattern.test(key)) {
    throw new Failure(
      'invalid_idempotency_key',
      'An Idempotency-Key has 1 to 255 printable ASCII characters.',
    );
  }
  return idempotency(purpose, key, saidIn(schema, body));
}

/**
 * What a body says: the members its schema names that are not as the schema has them when they are left out, sorted by
 * name. So a body says the same whatever the order of its members, whether or not it gives a default itself, and also
 * after its schema has got another optional member.
 */
export function saidIn<T extends object>(schema: ObjectSchema<T>, body: T): [name: string, value: unknown][] {
  const given = new Map<string, unknown>(Object.entries(body));
  const defaults: Record<string, unknown> = schema.getDefault();
  return Object.keys(schema.fields)
    .sort()
    .filter((name) => !isDeepStrictEqual(given.get(name), defaults[name]))
    .map((name) => [name, given.get(name)]);
}
