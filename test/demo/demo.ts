import type { Stack } from '../stack/stack.ts';
import { letLapse, sendTraffic } from './traffic.ts';

/** How long the user service serves, and is then away, in milliseconds. */
const lapse = { serves: 45_000, away: 5_000 };

interface DemoOptions {
  stack: Stack;
  /** Requests a second. */
  rate: number;
  say(text: string): void;
  /** Told of what neither a person nor a service that is away explains. */
  fail(error: unknown): void;
}

/** Lets people use a system, and its user service lapse now and then. Returns what ends both and waits for that. */
export function startDemo({ stack, rate, say, fail }: DemoOptions): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = Promise.all([
    sendTraffic(stack.urls.gateway, rate, signal),
    letLapse({ part: stack.users, ...lapse, say, signal }),
  ]).catch(fail);
  return async () => {
    stopping.abort();
    await work;
  };
}
