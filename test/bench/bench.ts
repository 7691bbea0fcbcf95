import type { Stack } from '../stack/stack.ts';
import { createStack } from '../stack/stack.ts';
import type { Other } from './options.ts';
import type { PeerName } from './peers.ts';
import type { Settings } from './settings.ts';

/** What a part is given. */
export interface Bench {
  settings: Settings;
  against: Other[];
  /** The systems of `peers/` that are measured as well. */
  peers: PeerName[];
  /** How long the soak lasts. */
  minutes: number;
  /** Aborts when the run is to end. */
  signal: AbortSignal;
  /** Says what is being done. */
  say(line: string): void;
  stacks: Stacks;
}

/** A system whose routes are measured, through its gateway. */
export interface Measurable {
  gateway: string;
  /** The processes whose time is counted, with their descendants'. */
  roots(): Record<string, number | undefined>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What is started for a run, and is stopped with it. */
interface Startable {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Stacks {
  /** Starts a stack with no data. */
  start(): Promise<Stack>;
  /** Starts something else. */
  begin(system: Startable): Promise<void>;
  /** Stops a stack or what else was started, and removes its data. */
  stop(system: Startable): Promise<void>;
  /** Leaves a stack with many users to a later part. */
  leave(stack: Stack, users: number): void;
  /** The stack that was left, if it has as many users. */
  left(users: number): Stack | undefined;
  /** Stops all that run, also those that are starting; none is started any more. */
  stopAll(): Promise<void>;
}

/** The stacks of a run: the services as `npm start` runs them, with nothing printed. */
export function createStacks(): Stacks {
  const running = new Set<Startable>();
  let stopped = false;
  let kept: { stack: Stack; users: number } | undefined;

  async function begin(system: Startable): Promise<void> {
    running.add(system);
    if (stopped) await stop(system);
    else await system.start();
  }

  async function stop(system: Startable): Promise<void> {
    running.delete(system);
    await system.stop();
  }

  return {
    async start() {
      const stack = await createStack();
      await begin(stack);
      return stack;
    },
    begin,
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
