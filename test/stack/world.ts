import type { TestFn } from 'ava';
import type { Redis } from 'ioredis';
import { type Api, api, seed } from './api.ts';
import { openTestRedis } from './redis.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** A system for tests, and what they do with it. */
export interface World extends ReturnType<typeof seed> {
  stack: Stack;
  /** The test's own connection, with all rights. */
  redis: Redis;
  /** A client of the gateway. */
  gateway: Api;
}

/** Starts a system, quiet if nothing else is said. */
async function openWorld(options: StackOptions): Promise<World> {
  const stack = await startStack({ ...options, env: { LOG_LEVEL: 'fatal', ...options.env } });
  const gateway = api(stack.urls.gateway);
  return { stack, redis: openTestRedis(stack), gateway, ...seed(gateway) };
}

async function closeWorld({ stack, redis }: World): Promise<void> {
  redis.disconnect();
  await stack.stop();
}

/** Starts a system for one test, runs the test with it, and stops it however the test ends. */
export async function withStack(
  run: (world: World) => Promise<void>,
  options: StackOptions = {},
): Promise<void> {
  const world = await openWorld(options);
  try {
    await run(world);
  } finally {
    await closeWorld(world);
  }
}

/**
 * Gives the tests of a file one system, started before the first and stopped after the last: for those that leave it as they
 * would want to find it, and look only at what they made. It is there once the first begins.
 */
export function sharedStack(test: TestFn, options: StackOptions | (() => Promise<StackOptions>) = {}): World {
  const world = {} as World;
  test.before(async () => {
    Object.assign(world, await openWorld(typeof options === 'function' ? await options() : options));
  });
  test.after.always(async () => {
    if (world.stack) await closeWorld(world);
  });
  return world;
}
