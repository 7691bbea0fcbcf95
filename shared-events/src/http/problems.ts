import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { ValidationError } from 'yup';
import { Failure } from '../failure.ts';
import { isRedisAway } from '../redis/connection.ts';
import type { AppState } from './app.ts';

export type Problems = Record<string, [status: number, title: string]>;

/**
 * Every code a client can meet, with its status and title. Here and below is the one place where errors become HTTP.
 */
export const problems: Problems = {
  bad_request: [400, 'Bad request'],
  malformed_json: [400, 'Malformed JSON'],
  body_not_an_object: [400, 'The body is not an object'],
  body_incomplete: [400, 'The body is incomplete'],
  invalid_idempotency_key: [400, 'Invalid Idempotency-Key'],
  unknown_user: [400, 'Unknown user'],
  user_unverifiable: [400, 'The user could not be verified'],
  not_found: [404, 'Not found'],
  user_not_found: [404, 'User not found'],
  task_not_found: [404, 'Task not found'],
  method_not_allowed: [405, 'Method not allowed'],
  not_acceptable: [406, 'Not acceptable'],
  request_timeout: [408, 'The request took too long'],
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
  not_ready: [503, 'Not ready'],
  record_busy: [503, 'Too many changes at once'],
  upstream_timeout: [504, 'The other service was too slow'],
};

/** What only the operators' routes answer with. */
const operatorProblems: Problems = {
  invalid_cursor: [400, 'Invalid cursor'],
  forbidden: [403, 'Forbidden'],
  no_dead_letter: [404, 'No dead letter'],
  entry_gone: [409, 'The entry was removed'],
  replay_running: [409, 'A replay runs already'],
  too_many_feeds: [503, 'Too many feeds'],
};

const known: Problems = { ...problems, ...operatorProblems };

interface Found {
  code: string;
  detail: string;
  errors?: { path: string; message: string }[];
}

/** The status and the body of a problem. */
export function problem({ code, detail, errors }: Found, requestId: string) {
  const [status, title] = known[code] as [number, string];
  const type = `urn:problem:${code}`;
  const body = JSON.stringify({ type, title, status, detail, code, requestId, ...(errors && { errors }) });
  return { status, body };
}

/** What an error means to a client; an unexpected one tells nothing but that it was unexpected. */
function explain(error: unknown): Found {
  if (error instanceof Failure && error.code in known) return { code: error.code, detail: error.message };
  if (error instanceof ValidationError) {
    const errors = error.inner.map(({ path = '', message }) => ({ path, message }));
    const detail = errors.map(({ path, message }) => `${path} ${message}`).join('; ');
    return { code: 'validation_failed', detail, errors };
  }
  if (isRedisAway(error)) {
    return {
      code: 'redis_unavailable',
      detail: 'Redis is away or does not accept writes. Try again shortly.',
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

/** Answers what is thrown below it as `application/problem+json`, and logs what is not the client's doing. */
export function problemResponses(log: Logger): Middleware<AppState> {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const found = explain(error);
      const requestId = ctx.state.context.request;
      const { status, body } = problem(found, requestId);
      const { code, detail } = found;
      if (status === 500) log.error({ err: error, requestId }, detail);
      else if (code !== 'not_ready' && (status > 500 || code === 'user_unverifiable')) {
        log.warn({ requestId, code, reason: reasonOf(error) }, detail);
      }
      if (status === 503) ctx.set('Retry-After', '1');
      ctx.status = status;
      ctx.type = 'application/problem+json';
      ctx.body = body;
    }
  };
}
