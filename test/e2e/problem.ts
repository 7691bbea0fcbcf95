import type { ExecutionContext } from 'ava';
import type { Answer } from '../stack/api.ts';

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  errors: { path: string; message: string }[];
}

/** Checks that an answer is an RFC 9457 problem as the contract has it, with this status and code. */
export function assertProblem(t: ExecutionContext, answer: Answer, status: number, code: string): void {
  t.is(answer.status, status, answer.text);
  t.is(answer.headers.get('content-type'), 'application/problem+json');
  const problem = answer.json<Problem>();
  t.is(problem.code, code);
  t.is(problem.type, `urn:problem:${code}`);
  t.is(problem.status, status);
  t.is(typeof problem.title, 'string');
  t.true(problem.detail.length > 10);
  t.is(answer.headers.get('x-request-id'), problem.requestId);
  t.notRegex(answer.text, /\.ts|node_modules|WRONGTYPE|ERR |at .*:\d+:\d+/, 'tells no internals');
}

/** The paths named by a 422, in order. */
export const errorPaths = (answer: Answer): string[] =>
  answer
    .json<Problem>()
    .errors.map(({ path }) => path)
    .sort();
