import type { Redis } from 'ioredis';
import { type Api, api, seed } from './api.ts';
import { openTestRedis } from './redis.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

/** A system of a test's own, and what a test does with it. */
export interface World extends ReturnType<typeof seed> {
  stack: Stack;
  /** The test's own connection, with all rights. */
  redis: Redis;
  /** A client of the gateway. */
  gateway: Api;
}

/** Starts a system, quiet if nothing else is said, runs the test with it, and stops it however the test ends. */
export async function withStack(
  run: (world: World) => Promise<void>,
  options: StackOptions = {},
): Promise<void> {
  const stack = await startStack({ ...options, env: { LOG_LEVEL: 'fatal', ...options.env } });
  const redis = openTestRedis(stack);
  const gateway = api(stack.urls.gateway);
  try {
    await run({ stack, redis, gateway, ...seed(gateway) });
  } finally {
    redis.disconnect();
    await stack.stop();
  }
}
