import type { ExecutionContext } from 'ava';
import { assertProblem } from '../e2e/problem.ts';
import type { Answer } from '../stack/api.ts';

/** What a browser must be told with every answer. */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Checks what all answers of the gateway have in common. */
export function assertCommon(t: ExecutionContext, { headers }: Answer, what: string): void {
  for (const [name, value] of Object.entries(securityHeaders)) t.is(headers.get(name), value, what);
  t.regex(headers.get('x-request-id') ?? '', /^[\w.:@/+=-]{1,128}$/, what);
  t.regex(headers.get('traceparent') ?? '', /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, what);
  t.is(headers.get('x-powered-by'), null, what);
}

/** Checks that answers came soon, by how many milliseconds each took. One may be late: the machine may be held up. */
export function assertSoon(t: ExecutionContext, times: number[]): void {
  const late = times.filter((time) => time >= 3000);
  t.true(late.length <= 1, `late by ${late} of ${times.length}`);
}

/** What is expected of an answer: its status, and the code of its problem where it is one. */
export type Expected = number | [status: number, code: string];

/** Checks an answer in full: its status, the problem it is, and what all have in common. */
export function assertAnswer(t: ExecutionContext, answer: Answer, expected: Expected, what: string): void {
  assertCommon(t, answer, what);
  if (typeof expected === 'number') t.is(answer.status, expected, `${what}: ${answer.text}`);
  else if (answer.status === expected[0]) assertProblem(t, answer, ...expected);
  else t.fail(`${what}: ${answer.status} ${answer.text}`);
}
