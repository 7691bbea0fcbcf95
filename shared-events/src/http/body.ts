import { isUtf8 } from 'node:buffer';
import bodyParser from 'koa-bodyparser';
import type { ObjectSchema } from 'yup';
import { Failure } from '../failure.ts';
import type { AppContext } from './context.ts';

/** The most bytes of a body; as text, the parser would work it out with each. */
const maxBytes = 64 * 1024;

const parserOptions = {
  enableTypes: ['json'],
  // What comes here is known to be JSON.
  detectJSON: () => true,
  jsonLimit: maxBytes as unknown as string,
  strict: false,
  // A member named __proto__ is an unknown member like any other: it is left out.
  onProtoPoisoning: 'remove',
};
const parse = bodyParser(parserOptions);
const json = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

type Members = Record<string, unknown>;

/** What koa-bodyparser and the parsers below it throw. */
interface ParseError extends Error {
  status?: number;
}

/**
 * Resolves to what a schema names of the request's JSON body, checked and never cast: members that the schema does not
 * know are left out, and those that are not given have its default. At most 64 KiB. Fails with 400, 413 and 415 codes,
 * or with yup's ValidationError.
 */
export async function readBody<T extends object>(ctx: AppContext, schema: ObjectSchema<T>): Promise<T> {
  if (!json.test(ctx.get('Content-Type')) || !['', 'identity'].includes(ctx.get('Content-Encoding'))) {
    throw new Failure(
      'unsupported_media_type',
      'Send the body as application/json, in UTF-8, not compressed.',
    );
  }
  const received: Buffer[] = [];
  ctx.req.on('data', (chunk: Buffer) => received.push(chunk));
  try {
    await parse(ctx, async () => undefined);
  } catch (error) {
    throw parseFailure(error as ParseError);
  }
  const { body, rawBody } = ctx.request;
  if (rawBody === '') throw new Failure('malformed_json', 'The body is empty.');
  // What stands for bytes that are no UTF-8 may also have been sent as it is.
  if (String(rawBody).includes('\uFFFD') && !isUtf8(Buffer.concat(received))) {
    throw new Failure('malformed_json', 'The body is not valid UTF-8.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Failure('body_not_an_object', 'The body must be a JSON object.');
  }
  return check(schema, body);
}

/**
 * Returns what a schema names of the request's query, checked as a body is. A parameter given twice is not a string and
 * so is refused.
 */
export const readQuery = <T extends object>(ctx: AppContext, schema: ObjectSchema<T>): T =>
  check(schema, { ...ctx.query });

function check<T extends object>(schema: ObjectSchema<T>, value: object): T {
  const checked: Members = schema.validateSync(value, { strict: true, abortEarly: false });
  const defaults: Members = schema.getDefault();
  const members = Object.keys(schema.fields).map((name) => [
    name,
    checked[name] === undefined ? defaults[name] : checked[name],
  ]);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined)) as T;
}

function parseFailure(error: ParseError): Error {
  if (error.status === 413) {
    return new Failure('body_too_large', 'The body may have at most 64 KiB.', { cause: error });
  }
  if (error instanceof SyntaxError) {
    return new Failure('malformed_json', `The body is not valid JSON: ${error.message}`, { cause: error });
  }
  if (error.status === 400) {
    return new Failure('body_incomplete', 'The body ended before its announced length.', { cause: error });
  }
  return error;
}
