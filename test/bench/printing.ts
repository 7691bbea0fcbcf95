import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { api, untilReady } from '../stack/api.ts';
import { part } from '../stack/part.ts';
import { root } from '../stack/parts.ts';
import { freePorts } from '../stack/stack.ts';
import type { Measurable } from './bench.ts';

/** This system as `npm start` runs it, with its log formatted and printed, to who reads it as a terminal does. */
export async function createPrintingStack(): Promise<Measurable> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-printing-'));
  const ports = await freePorts();
  const gateway = `http://127.0.0.1:${ports.gateway}`;
  const start = part({
    name: 'npm start',
    command: process.execPath,
    args: [join(root, 'test/stack/start.ts')],
    env: {
      GATEWAY_PORT: String(ports.gateway),
      OPERATOR_PORT: String(ports.operator),
      USER_SERVICE_PORT: String(ports.users),
      TASK_SERVICE_PORT: String(ports.tasks),
      REDIS_PORT: String(ports.redis),
      DATA_DIR: dir,
    },
    isReady: () => untilReady(api(gateway)).then(() => true),
    supervised: false,
    onLine: () => undefined,
  });
  return {
    gateway,
    roots: () => ({ all: start.pid() }),
    start: start.start,
    async stop() {
      await start.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
