import type { Stack } from '../stack/stack.ts';
import { createStack } from '../stack/stack.ts';
import type { Other } from './options.ts';
import type { Settings } from './settings.ts';

/** What a part is given. */
export interface Bench {
  settings: Settings;
  against: Other[];
  /** How long the soak lasts. */
  minutes: number;
  /** Aborts when the run is to end. */
  signal: AbortSignal;
  /** Says what is being done. */
  say(line: string): void;
  stacks: Stacks;
}

export interface Stacks {
  /** Starts a stack with no data. */
  start(): Promise<Stack>;
  /** Stops a stack, and removes its data. */
  stop(stack: Stack): Promise<void>;
  /** Leaves a stack with many users to a later part. */
  leave(stack: Stack, users: number): void;
  /** The stack that was left, if it has as many users. */
  left(users: number): Stack | undefined;
  /** Stops all that run, also those that are starting; none is started any more. */
  stopAll(): Promise<void>;
}

/** The stacks of a run: the services as `npm start` runs them, with nothing printed. */
export function createStacks(): Stacks {
  const running = new Set<Stack>();
  let stopped = false;
  let kept: { stack: Stack; users: number } | undefined;

  async function stop(stack: Stack): Promise<void> {
    running.delete(stack);
    await stack.stop();
  }

  return {
    async start() {
      const stack = await createStack();
      running.add(stack);
      if (stopped) await stop(stack);
      else await stack.start();
      return stack;
    },
    stop,
    leave(stack, users) {
      kept = { stack, users };
    },
    left: (users) => (kept !== undefined && kept.users >= users ? kept.stack : undefined),
    async stopAll() {
      stopped = true;
      await Promise.all([...running].map(stop));
    },
  };
}

/** The processes of a stack by what they are; nothing on a machine without /proc. */
export type ProcessName = 'gateway' | 'user service' | 'task service' | 'Redis';

export const rootsOf = (stack: Stack): Record<ProcessName, number | undefined> => ({
  gateway: stack.gateway.pid(),
  'user service': stack.users.pid(),
  'task service': stack.tasks.pid(),
  Redis: stack.redis.pid(),
});
