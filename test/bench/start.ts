import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../stack/parts.ts';
import { freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import type { Bench } from './bench.ts';
import { median } from './stats.ts';

export interface StartResult {
  /** from `npm start`, with no data, to `Ready`, each time */
  seconds: number[];
  median: number;
}

/** How long `npm start` takes until it serves. */
export async function measureStart({ settings, signal, say }: Bench): Promise<StartResult> {
  const seconds: number[] = [];
  for (let time = 0; time < settings.start.times; time++) {
    signal.throwIfAborted();
    seconds.push(await startOnce(signal));
    say(`${seconds.at(-1)?.toFixed(2)} s`);
  }
  return { seconds, median: median(seconds) };
}

async function startOnce(signal: AbortSignal): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-start-'));
  const ports = await freePorts();
  const start = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: root,
    // A group of its own, so that it is stopped as by Ctrl+C in its terminal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      GATEWAY_PORT: String(ports.gateway),
      USER_SERVICE_PORT: String(ports.users),
      TASK_SERVICE_PORT: String(ports.tasks),
      REDIS_PORT: String(ports.redis),
      DATA_DIR: dir,
    },
  });
  const ended = once(child, 'close');
  const stop = () => process.kill(-(child.pid as number), 'SIGINT');
  signal.addEventListener('abort', stop);
  let output = '';
  const ready = Promise.withResolvers<number>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      if (/^Ready after/m.test(output)) ready.resolve((performance.now() - start) / 1000);
    });
  }
  try {
    const gone = ended.then(() => Promise.reject(new Error(`npm start ended: ${output}`)));
    const late = until('npm start is ready', () => /^Ready after/m.test(output), 30_000);
    return await Promise.race([ready.promise, gone, late.then(() => ready.promise)]);
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null && !signal.aborted) stop();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}
