import type { Logger } from 'pino';
import { ValidationError } from 'yup';
import { UndecodableEntry } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import { RedisUnavailable } from '../redis/unavailable.ts';
import type { AppContext } from './context.ts';

/** A problem's status and title; `ours` if the log tells of it although its status is one of the client's doing. */
export type Problem = [status: number, title: string, blame?: 'ours'];

/** Problems by their codes. */
export type Problems = Record<string, Problem>;

/**
 * The codes that a client can meet at any service; a service has more of its own. Here and below is the one place where
 * errors become HTTP.
 */
export const problems = {
  bad_request: [400, 'Bad request'],
  malformed_json: [400, 'Malformed JSON'],
  body_not_an_object: [400, 'The body is not an object'],
  body_incomplete: [400, 'The body is incomplete'],
  invalid_idempotency_key: [400, 'Invalid Idempotency-Key'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  not_acceptable: [406, 'Not acceptable'],
  request_timeout: [408, 'The request took too long'],
  idempotency_answer_gone: [409, 'What the Idempotency-Key created is gone'],
  precondition_failed: [412, 'Precondition failed'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'Unsupported media type'],
  validation_failed: [422, 'Validation failed'],
  idempotency_key_reused: [422, 'The Idempotency-Key was used with another body'],
  headers_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'Internal error'],
  not_implemented: [501, 'Not implemented'],
  upstream_failed: [502, 'The other service failed'],
  redis_unavailable: [503, 'Redis is not available'],
  newer_schema: [503, 'Written by a newer version'],
  not_ready: [503, 'Not ready'],
  record_busy: [503, 'Too many changes at once'],
  upstream_timeout: [504, 'The other service was too slow'],
} satisfies Problems;

interface Found {
  code: string;
  detail: string;
  errors?: { path: string; message: string }[];
}

/** The body of a problem. */
export function problemBody({ code, detail, errors }: Found, [status, title]: Problem, requestId: string) {
  const type = `urn:problem:${code}`;
  return JSON.stringify({ type, title, status, detail, code, requestId, ...(errors && { errors }) });
}

/** What an error means to a client; an unexpected one tells nothing but that it was unexpected. */
function explain(error: unknown, known: Problems): Found {
  if (error instanceof Failure && Object.hasOwn(known, error.code)) {
    return { code: error.code, detail: error.message };
  }
  if (error instanceof ValidationError) {
    const errors = error.inner.map(({ path = '', message }) => ({ path, message }));
    const detail = errors.map(({ path, message }) => `${path} ${message}`).join('; ');
    return { code: 'validation_failed', detail, errors };
  }
  if (error instanceof RedisUnavailable) {
    return {
      code: 'redis_unavailable',
      detail: 'Redis is away or does not accept writes. Try again shortly.',
    };
  }
  if (error instanceof UndecodableEntry && error.code === 'unknown_schema') {
    return {
      code: 'newer_schema',
      detail: 'A newer version of this service wrote the document. Try again when that version runs.',
    };
  }
  return {
    code: 'internal_error',
    detail: 'Something unexpected happened. The log has it under this requestId.',
  };
}

/** The message of the innermost cause, for the log alone. */
const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? error.cause === undefined
      ? error.message
      : reasonOf(error.cause)
    : String(error);

/**
 * Returns what answers an error as `application/problem+json`, and logs what is not the client's doing.
 * @param own the problems of the service's own, beside those of every service
 */
export function problemAnswers(log: Logger, own: Problems): (ctx: AppContext, error: unknown) => void {
  const known: Problems = { ...problems, ...own };
  return (ctx, error) => {
    const found = explain(error, known);
    const requestId = ctx.state.context.request;
    const meaning = known[found.code] ?? problems.internal_error;
    logProblem(log, error, { ...found, meaning, requestId });
    const [status] = meaning;
    ctx.state.code = found.code;
    if (status === 503) ctx.set('Retry-After', '1');
    ctx.status = status;
    ctx.type = 'application/problem+json';
    ctx.body = problemBody(found, meaning, requestId);
  };
}

interface Met extends Found {
  meaning: Problem;
  requestId: string;
}

function logProblem(log: Logger, error: unknown, { code, detail, meaning, requestId }: Met): void {
  const [status, , blame] = meaning;
  if (status === 500) log.error({ err: error, requestId }, detail);
  else if (code !== 'not_ready' && (status > 500 || blame === 'ours')) {
    log.warn({ requestId, code, reason: reasonOf(error) }, detail);
  }
}
