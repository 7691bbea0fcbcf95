import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { eachLine } from './lines.ts';
import { until } from './until.ts';

export interface PartOptions {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Whether it serves; asked again and again while it starts. */
  isReady(): Promise<boolean>;
  /** The signal that asks it to stop. */
  stopSignal?: NodeJS.Signals;
  /** Told of each line it prints. */
  onLine(line: string): void;
  /** Whether it is started again when it ends without being asked to. */
  supervised: boolean;
}

/** A process of the stack. */
export interface Part {
  name: string;
  /** Starts the process and waits until it serves. Fails with its last words where it ends instead. */
  start(): Promise<void>;
  /** Stops the process and waits for its end; kills it after ten seconds. */
  stop(): Promise<void>;
  /** Sends a signal. A part that ends of it stays down, unless it is supervised. */
  kill(signal: NodeJS.Signals): void;
  /** Stops it, with its own children, in the middle of whatever it does. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
  /** Resolves when the process that runs now has ended, to its exit code. */
  ended(): Promise<number | null>;
  pid(): number | undefined;
}

const startDeadline = 60_000;
/** How long to wait before asking again: to ask costs time that what starts could use. */
const startPause = 40;
const stopDeadline = 10_000;
const restartPause = 300;

export function part(options: PartOptions): Part {
  const { name, isReady, stopSignal = 'SIGTERM', supervised } = options;
  let child: ChildProcess | undefined;
  let ended: Promise<number | null> = Promise.resolve(null);
  let wanted = false;
  let lastWords = '';

  function launch(): void {
    const started = spawnBound(options);
    child = started;
    lastWords = '';
    // The children of a part that was killed would live on, and keep its port.
    started.once('exit', () => signalGroup(started, 'SIGKILL'));
    ended = once(started, 'close').then(([code]) => code);
    ended.then(async () => {
      if (!supervised || !wanted || child !== started) return;
      options.onLine('ended without being asked to; it is started again');
      await delay(restartPause);
      if (wanted) launch();
    });
    for (const stream of [started.stdout, started.stderr]) {
      if (!stream) continue;
      eachLine(stream, (line) => {
        if (!isFatal(lastWords)) lastWords = line;
        options.onLine(line);
      });
    }
  }

  return {
    name,
    async start() {
      wanted = true;
      launch();
      let gone = false;
      ended.then(() => {
        gone = true;
      });
      const state = await until(
        `${name} serves`,
        async () => (gone ? 'gone' : (await isReady()) && 'serving'),
        startDeadline,
        startPause,
      ).catch((cause) => {
        const seen = (cause as Error).cause ?? 'it does not say that it is ready';
        throw new Error(`${name} did not serve in time: ${seen}; its last words: ${lastWords}`, { cause });
      });
      if (state === 'gone') throw new Error(`${name} did not start: ${lastWords}`);
    },
    async stop() {
      wanted = false;
      child?.kill(stopSignal);
      const late = setTimeout(() => child?.kill('SIGKILL'), stopDeadline);
      await ended;
      clearTimeout(late);
    },
    kill: (signal) => child?.kill(signal),
    freeze: () => child && signalGroup(child, 'SIGSTOP'),
    thaw: () => child && signalGroup(child, 'SIGCONT'),
    ended: () => ended,
    pid: () => child?.pid,
  };
}

/** Whether a service says with this line why it ends; what it prints after that was under way before. */
const isFatal = (line: string): boolean => line.startsWith('{"level":60,');

/** Sends a signal to a part and its own children, as many of them as there are. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Starts a process that the system ends when this one is gone, however that happens (on Linux). */
function spawnBound({ command, args, env }: PartOptions): ChildProcess {
  const bound = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'TERM', command] : [command];
  const [first, ...rest] = [...bound, ...args] as [string, ...string[]];
  return spawn(first, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl+C in a terminal goes to the whole group; here it must only reach whoever stops the parts in order.
    detached: true,
  });
}
