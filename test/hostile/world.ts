import type { TestFn } from 'ava';
import type { Redis } from 'ioredis';
import type { User } from 'shared-events';
import type { Answer } from '../stack/api.ts';
import { entriesOf } from '../stack/redis.ts';
import type { StackOptions } from '../stack/stack.ts';
import { type World as Shared, sharedStack } from '../stack/world.ts';
import { send, type WireRequest } from './wire.ts';

/** The system that a file of hostile tests is sent to. */
export interface World extends Shared {
  /** Sends one request to the gateway as it stands. */
  send(request: WireRequest, from?: string): Promise<Answer>;
  /** What each part has printed so far. */
  lines: { part: string; line: string }[];
}

/** Starts a stack before the tests of a file, and stops it after them. */
export function worldUnderTest(test: TestFn, options: StackOptions = {}): World {
  const lines: World['lines'] = [];
  const shared = sharedStack(test, {
    onLine: (part, line) => lines.push({ part, line }),
    ...options,
    env: { LOG_LEVEL: 'warn', ...options.env },
  });
  return Object.assign(shared, {
    lines,
    send: (request: WireRequest, from?: string) => send(shared.stack.ports.gateway, request, from),
  });
}

/** The names of all users there ever were. */
export async function namesIn(redis: Redis): Promise<string[]> {
  const entries = await entriesOf(redis, 'user-events');
  return entries.map(({ data }) => (JSON.parse(data) as User).name);
}
