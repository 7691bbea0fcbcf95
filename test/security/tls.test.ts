import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { TlsConnector } from '../../shared-events/src/redis/tls-connector.ts';
import { credentials } from '../stack/accounts.ts';
import { api, seed } from '../stack/api.ts';
import { root, servicePart } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { openTestRedis, untilKnown } from '../stack/redis.ts';
import { createStack, type Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { type Certificate, makeCertificate } from './certificate.ts';

// REDIS_TLS=true, against a Redis with a certificate of a private authority.

/** Makes a stack's Redis, which runs, listen for TLS as well. */
async function speakTls(stack: Stack, port: number, { cert, key }: Certificate): Promise<void> {
  const redis = openTestRedis(stack);
  try {
    await redis.config('SET', 'tls-cert-file', cert, 'tls-key-file', key, 'tls-ca-cert-file', cert);
    await redis.config('SET', 'tls-auth-clients', 'no', 'tls-port', String(port));
  } finally {
    redis.disconnect();
  }
}

async function withTls(run: (stack: Stack, port: number, env: Record<string, string>) => Promise<void>) {
  const dir = mkdtempSync(join(tmpdir(), 'tls-'));
  const certificate = makeCertificate(dir);
  const port = await freePort();
  const env = {
    LOG_LEVEL: 'warn',
    REDIS_PORT: String(port),
    REDIS_TLS: 'true',
    NODE_EXTRA_CA_CERTS: certificate.cert,
  };
  const stack = await createStack({ env });
  try {
    await stack.redis.start();
    await speakTls(stack, port, certificate);
    await run(stack, port, env);
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true });
  }
}

test('over TLS both services are ready, a task is made, its user is followed, and the commands work', async (t) => {
  await withTls(async (stack, port, env) => {
    await Promise.all([stack.users.start(), stack.tasks.start(), stack.gateway.start()]);
    const redis = openTestRedis(stack);
    try {
      const { user, task } = seed(api(stack.urls.gateway));
      const ada = await user();
      t.is((await task(ada.id)).userId, ada.id);
      await untilKnown(redis);
      const clients = ((await redis.client('LIST')) as string).split('\n');
      for (const service of ['user-service', 'task-service']) {
        const own = clients.filter((line) => line.includes(` user=${service} `));
        t.true(own.length > 0);
        for (const line of own) t.true(line.includes(` laddr=127.0.0.1:${port} `), line);
      }
      const events = [join(root, 'shared-events/src/cli/events.ts'), 'lag'];
      const command = { ...process.env, ...env, ...credentials('operator') };
      t.regex(execFileSync(process.execPath, events, { env: command, encoding: 'utf8' }), /group cascade/);
    } finally {
      redis.disconnect();
    }
  });
});

test('a certificate that Node does not trust is refused, and the log says that it is', async (t) => {
  await withTls(async (stack, _, env) => {
    const lines: string[] = [];
    const setting = { ports: stack.ports, supervised: false, onLine: (line: string) => lines.push(line) };
    const service = servicePart('user-service', { ...env, NODE_EXTRA_CA_CERTS: '' }, setting);
    const started = service.start().catch((error: Error) => error.message);
    await until('the log says so', () =>
      lines.some((line) => /redis is away/.test(line) && /self-signed/.test(line)),
    );
    await until('it says that it is not ready', async () => {
      return (await api(stack.urls.users).get('/ready')).status === 503;
    });
    await service.stop();
    t.regex(String(await started), /did not start/);
  });
});

test('a connection over TLS that has one error after the other ends nothing but itself', async (t) => {
  await withTls(async (_, port) => {
    const tls = { rejectUnauthorized: false };
    const connector = new TlsConnector({ host: '127.0.0.1', port, tls, disconnectTimeout: 1000 });
    const stream = await connector.connect();
    stream.once('error', () => undefined);
    await once(stream, 'secureConnect');
    stream.emit('error', new Error('the certificate is refused'));
    t.notThrows(() => stream.emit('error', new Error('what is sent is not understood')));
    t.is(connector.firstError?.message, 'the certificate is refused');
    stream.destroy();
  });
});
