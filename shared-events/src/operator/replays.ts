import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';
import { Failure } from '../failure.ts';
import type { ReplayMode } from '../streams/replay-target.ts';
import type { ReplayNews } from './replay-news.ts';

/** A replay as it is told of, while it runs and after. */
export interface Replay {
  projection: string;
  mode: ReplayMode;
  /** `different` if a verification found differences, or an entry was not understood; `failed` if it could not be done */
  state: 'running' | 'done' | 'different' | 'failed';
  startedAt: string;
  endedAt: string | null;
  /** entries read so far, of how many there were at its start */
  read: number;
  total: number;
  /** what was not as the events say: how many, and the first hundred of them */
  differences: number;
  found: string[];
  /** its last words: what it did, or why it could not */
  result: string | null;
}

interface ReplaysOptions {
  /** what Node runs for the service's own replays, before the name */
  command: readonly string[];
  /** what can be replayed */
  names: readonly string[];
  log: Logger;
}

/** How many replays are kept to be told of. */
const maxKept = 20;

/** Runs the service's replays as processes of their own, one at a time. */
export function createReplays({ command, names, log }: ReplaysOptions) {
  const replays: Replay[] = [];
  let child: ChildProcess | undefined;
  let stopped = false;

  function follow(started: ChildProcess, replay: Replay): void {
    child = started;
    started.on('message', (message) => {
      const { found, ...figures } = message as ReplayNews;
      Object.assign(replay, figures);
      replay.found.push(...found);
    });
    for (const output of [started.stdout, started.stderr]) {
      if (!output) continue;
      createInterface(output).on('line', (line) => {
        replay.result = line;
      });
    }
    started.once('error', (error) => end(replay, null, error.message));
    started.once('close', (code) => end(replay, code));
  }

  function end(replay: Replay, code: number | null, reason?: string): void {
    // A process that could not be started tells of its end twice.
    if (replay.endedAt !== null) return;
    child = undefined;
    const { projection, mode } = replay;
    const state = code === 0 ? 'done' : code === 1 ? 'different' : 'failed';
    Object.assign(replay, { state, endedAt: new Date().toISOString(), ...(reason && { result: reason }) });
    const level = state === 'failed' && !stopped ? 'error' : 'info';
    log[level]({ projection, mode, state, result: replay.result }, 'a replay has ended');
  }

  const known = (projection: string): string => {
    if (names.includes(projection)) return projection;
    throw new Failure('not_found', `${projection} cannot be replayed here; there is: ${names.join(', ')}.`);
  };

  return {
    /**
     * Starts a replay. Fails with `not_found`, with `replay_running` while one runs, or with `not_ready` after `stop`.
     */
    start(projection: string, mode: ReplayMode): Replay {
      known(projection);
      if (stopped) throw new Failure('not_ready', 'The service is stopping. Try again shortly.');
      if (child) throw new Failure('replay_running', 'A replay runs already. Wait until it has ended.');
      const replay: Replay = {
        projection,
        mode,
        state: 'running',
        startedAt: new Date().toISOString(),
        endedAt: null,
        read: 0,
        total: 0,
        differences: 0,
        found: [],
        result: null,
      };
      replays.unshift(replay);
      replays.splice(maxKept);
      log.info({ projection, mode }, 'a replay is started');
      const args = [...command, projection, ...(mode === 'verify' ? ['--verify'] : [])];
      follow(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }), replay);
      return replay;
    },
    /** The last replays of a projection, the latest first. */
    list: (projection: string): Replay[] => {
      known(projection);
      return replays.filter((replay) => replay.projection === projection);
    },
    /** Ends the replay that runs, which can be run again; starts no other. */
    stop(): void {
      stopped = true;
      child?.kill();
    },
  };
}
