import type { Attempt } from './client.ts';

/** A write that was answered with 2xx. */
export interface Written {
  /** The ids of the requests that asked for it; more than one where it was sent again under an Idempotency-Key. */
  requests: string[];
  subject: string;
  /** Whose documents these are, so that their order can be told. */
  user: string;
  /** The version and text that were answered; neither for a deletion. */
  version?: string;
  text?: string;
}

/** What clients did and saw while a fault lasted. */
export interface History {
  attempts: Attempt[];
  /** in the order of the answers */
  written: Written[];
  /** Groups of requests that asked for one thing, which may so be there once at most. */
  asked: string[][];
  /** Requests that were refused, and so must have left nothing. */
  refused: string[];
  /** Answers that the contract does not allow, whatever the fault. */
  violations: string[];
  /** Takes note of an answer, and of what no answer may be. */
  add(attempt: Attempt): void;
}

/** The longest an answer may take, in milliseconds. */
const longestAllowed = 5000;
const internals =
  /\.ts\b|node_modules|WRONGTYPE|NOSCRIPT|NOAUTH|NOPERM|\bERR |ECONN|at .*:\d+:\d+|127\.0\.0\.1/;

export function createHistory(): History {
  const history: History = {
    attempts: [],
    written: [],
    asked: [],
    refused: [],
    violations: [],
    add(attempt) {
      history.attempts.push(attempt);
      const { method, path, status, ms, text, headers } = attempt;
      const tell = (what: string) => history.violations.push(`G ${method} ${path} ${status}: ${what}`);
      if (status === 'hung' || ms > longestAllowed) tell(`took ${Math.round(ms)} ms`);
      if (typeof status !== 'number' || status < 400) return;
      if (status < 500) history.refused.push(attempt.requestId);
      if (headers['content-type'] !== 'application/problem+json')
        tell(`is no problem: ${text.slice(0, 200)}`);
      if (internals.test(text)) tell(`tells internals: ${text.slice(0, 300)}`);
    },
  };
  return history;
}
