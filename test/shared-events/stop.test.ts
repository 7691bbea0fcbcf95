import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { root } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { until } from '../stack/until.ts';

// The end of a service whose log nobody takes.

/** A user service, without Redis, whose log has been told of so many requests. */
async function startService(requests: number, onStart: (log: NodeJS.ReadableStream) => void) {
  const port = await freePort();
  const service = spawn(process.execPath, [join(root, 'user-service/src/main.ts')], {
    env: { ...process.env, PORT: String(port), REDIS_PORT: String(await freePort()), LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onStart(service.stdout as NodeJS.ReadableStream);
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok;
  await until('the service answers', ask);
  for (let n = 0; n < requests; n++) await ask();
  return service;
}

test('a service stops in time when the reader of its log is gone', async (t) => {
  const service = await startService(1, (log) => (log as unknown as { destroy(): void }).destroy());
  const ended = once(service, 'exit');
  service.kill('SIGTERM');
  t.deepEqual(await ended, [0, null]);
});

test('a service stops in time when its log is full and nobody reads it', async (t) => {
  const service = await startService(1000, () => undefined);
  const ended = once(service, 'exit');
  service.kill('SIGTERM');
  t.deepEqual(await ended, [null, 'SIGKILL'], 'it cannot say what it had to say, and ends itself');
});
