import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ports, root } from './parts.ts';
import { freePorts } from './stack.ts';
import { until } from './until.ts';

/** An `npm start`, by whichever command. */
export interface Running {
  process: ChildProcess;
  output(): string;
  /** Resolves to its exit code; null where a signal ended it. */
  ended: Promise<number | null>;
}

/** What `npm start` runs. */
export const nodeStart = [process.execPath, join(root, 'test/stack/start.ts')];

function spawnStart(ports: Ports, dataDir: string, [command, ...args]: string[]): Running {
  const child = spawn(command as string, args, {
    cwd: root,
    env: {
      ...process.env,
      GATEWAY_PORT: String(ports.gateway),
      OPERATOR_PORT: String(ports.operator),
      USER_SERVICE_PORT: String(ports.users),
      TASK_SERVICE_PORT: String(ports.tasks),
      REDIS_PORT: String(ports.redis),
      DATA_DIR: dataDir,
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, output: () => text, ended };
}

export const untilReady = (running: Running) =>
  until('npm start is ready', () => /^Ready after/m.test(running.output()), 60_000);

type Start = (ports: Ports, command?: string[]) => Running;

/** Gives a test a data folder and free ports; what it starts there and does not stop is stopped after it. */
export async function withFolder(run: (start: Start, ports: Ports) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'start-'));
  const started: Running[] = [];
  try {
    await run(
      (ports, command = nodeStart) => {
        const running = spawnStart(ports, dir, command);
        started.push(running);
        return running;
      },
      await freePorts(),
    );
  } finally {
    for (const { process, ended } of started) {
      process.kill('SIGINT');
      await ended;
    }
    rmSync(dir, { recursive: true });
  }
}
