import type { TestFn } from 'ava';
import type { Redis } from 'ioredis';
import type { User } from 'shared-events';
import type { Answer } from '../stack/api.ts';
import { type Api, api, seed } from '../stack/api.ts';
import { entriesOf, openTestRedis } from '../stack/redis.ts';
import { type Stack, type StackOptions, startStack } from '../stack/stack.ts';
import { send, type WireRequest } from './wire.ts';

/** The system that a file of hostile tests is sent to. */
export interface World {
  stack: Stack;
  /** The test's own connection. */
  redis: Redis;
  gateway: Api;
  user: ReturnType<typeof seed>['user'];
  task: ReturnType<typeof seed>['task'];
  /** Sends one request to the gateway as it stands. */
  send(request: WireRequest, from?: string): Promise<Answer>;
  /** What each part has printed so far. */
  lines: { part: string; line: string }[];
}

/** Starts a stack before the tests of a file, and stops it after them. */
export function worldUnderTest(test: TestFn, options: StackOptions = {}): World {
  const lines: World['lines'] = [];
  const world = { lines } as World;
  test.before(async () => {
    const stack = await startStack({
      env: { LOG_LEVEL: 'warn' },
      onLine: (part, line) => lines.push({ part, line }),
      ...options,
    });
    const gateway = api(stack.urls.gateway);
    const redis = openTestRedis(stack);
    Object.assign(world, { stack, redis, gateway, ...seed(gateway) });
    world.send = (request, from) => send(stack.ports.gateway, request, from);
  });
  test.after.always(async () => {
    world.redis?.disconnect();
    await world.stack?.stop();
  });
  return world;
}

/** The names of all users there ever were. */
export async function namesIn(redis: Redis): Promise<string[]> {
  const entries = await entriesOf(redis, 'user-events');
  return entries.map(({ data }) => (JSON.parse(data) as User).name);
}
