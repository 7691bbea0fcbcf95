import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { locate } from './install.ts';
import { redisPart, root } from './parts.ts';
import { openTestRedis } from './redis.ts';
import { freePorts } from './stack.ts';
import { until } from './until.ts';

// Where there is no redis-server, valkey-server does as well. What is called so here is whatever this machine has.

const install = join(root, 'test/stack/install.ts');

const tools = [
  'sh',
  'setpriv',
  'awk',
  'basename',
  'cat',
  'cut',
  'dirname',
  'od',
  'sed',
  'sha256sum',
  'shasum',
  'tail',
];

/** Gives a test a PATH on which the server and what checks its files have the names of Valkey alone. */
async function withValkeyNames(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'valkey-'));
  try {
    const programs: [name: string, path: string | undefined][] = [
      ['valkey-server', locate('redis-server')],
      ['valkey-check-aof', locate('redis-check-aof') ?? locate('valkey-check-aof')],
      ...tools.map((tool): [string, string | undefined] => [tool, locate(tool)]),
    ];
    for (const [name, path] of programs) {
      // Not a link: Redis goes by the name it is called by.
      if (path) writeFileSync(join(dir, name), `#!/bin/sh\nexec ${path} "$@"\n`, { mode: 0o755 });
    }
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test.serial('`npm test` says first which servers it runs on, Valkey where there is no Redis', async (t) => {
  const { stdout } = spawnSync(process.execPath, [install], { encoding: 'utf8' });
  t.regex(
    stdout,
    /^(Redis|Valkey) server \d+\.\d+\.\d+ \(.*\/(redis|valkey)-server\)\nnginx \d+\.\d+\.\d+ \(.*\/nginx\)\n$/,
  );
  await withValkeyNames(async (dir) => {
    const nginx = `${dir}${delimiter}${join(locate('nginx') ?? '', '..')}`;
    const { stdout } = spawnSync(process.execPath, [install], { encoding: 'utf8', env: { PATH: nginx } });
    t.regex(stdout, /^\w+ server \d+\.\d+\.\d+ \(.*\/valkey-server\)$/m);
  });
});

test.serial(
  'the stack runs valkey-server where there is no redis-server, on files that it has mended',
  async (t) => {
    await withValkeyNames(async (dir) => {
      const lines: string[] = [];
      const ports = await freePorts();
      const setting = { ports, supervised: false, onLine: (line: string) => lines.push(line) };
      const data = join(dir, 'data');
      const server = redisPart(data, setting, { PATH: dir });
      const redis = openTestRedis({ ports });
      try {
        await server.start();
        await redis.set('some', 'thing');
        await server.stop();
        const manifest = readFileSync(join(data, 'appendonlydir/appendonly.aof.manifest'), 'utf8');
        const file = /^file (\S+\.incr\.aof)/m.exec(manifest)?.[1] ?? 'none';
        appendFileSync(join(data, 'appendonlydir', file), '*3\r\n$3\r\nSE');
        await server.start();
        t.is(await redis.get('some'), 'thing');
        await until('it says what it mends', () =>
          lines.some((line) => /a torn write is taken off/.test(line)),
        );
      } finally {
        redis.disconnect();
        await server.stop();
      }
    });
  },
);
