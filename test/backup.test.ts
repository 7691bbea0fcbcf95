import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { User } from 'shared-events';
import { api, seed } from './stack/api.ts';
import { startCommand } from './stack/commands.ts';
import { root } from './stack/parts.ts';
import { openTestRedis } from './stack/redis.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { until } from './stack/until.ts';

// The backup and the restore of the page on Redis, typed as they are written there.

const readme = readFileSync(join(root, 'shared-events/redis/README.md'), 'utf8');

/** Returns the page's line that begins so, for other folders. */
function line(begin: string, dataDir: string, backup: string): string {
  const found = readme.split('\n').find((text) => text.startsWith(begin));
  if (found === undefined) throw new Error(`the page on Redis does not show ${begin}`);
  return found.replaceAll('.data', dataDir).replaceAll('backup.tar', backup);
}

const run = (command: string) => execFileSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' });

/** Rewrites the append-only file again and again until it is stopped. */
function keepRewriting(stack: Stack): () => Promise<number> {
  const redis = openTestRedis(stack);
  let busy = true;
  let rewrites = 0;
  const work = async () => {
    while (busy) {
      await redis.bgrewriteaof();
      const isIdle = async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence'));
      await until('the rewrite ends', isIdle);
      rewrites += 1;
    }
  };
  const ended = work();
  return async () => {
    busy = false;
    await ended;
    redis.disconnect();
    return rewrites;
  };
}

/** Writes users until it is stopped; gives those that were answered by then. */
function keepWriting(stack: Stack) {
  const { user, task } = seed(api(stack.urls.gateway));
  const made: User[] = [];
  let busy = true;
  const writer = async () => {
    while (busy) {
      const one = await user();
      await task(one.id);
      made.push(one);
    }
  };
  const ended = Promise.all(Array.from({ length: 4 }, writer));
  const stop = async () => {
    busy = false;
    await ended;
  };
  // Where the test fails before it stops them, their stack is stopped under them.
  ended.catch(() => undefined);
  return { made, stop };
}

test('a backup taken under load, and while Redis rewrites its files, restores all that was answered before it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'backup-'));
  const [before, after] = [join(dir, 'before'), join(dir, 'after')];
  const stacks: Stack[] = [];
  const env = { LOG_LEVEL: 'error' };
  try {
    const old = await startStack({ dir: before, env });
    stacks.push(old);
    const writing = keepWriting(old);
    const stopRewriting = keepRewriting(old);
    const backups: [file: string, answered: number][] = [];
    for (let n = 0; n < 3; n++) {
      const enough = (backups.at(-1)?.[1] ?? 0) + 20;
      await until('some more is written', () => writing.made.length >= enough);
      const file = join(dir, `backup ${n}.tar`).replaceAll(' ', '-');
      backups.push([file, writing.made.length]);
      run(line('sh shared-events/redis/backup.sh', before, file));
    }
    t.true((await stopRewriting()) > 0);
    await writing.stop();
    t.deepEqual(readdirSync(join(before, 'redis')).sort(), ['appendonlydir', 'users.acl']);
    await old.stop();

    for (const [n, [file, answered]] of backups.entries()) {
      const data = `${after}-${n}`;
      mkdirSync(data);
      run(line('mkdir -p .data/redis && tar', data, file));
      const stack = await startStack({ dir: data, env });
      stacks.push(stack);
      const { code, output } = await startCommand('replay', stack, ['all', '--verify']).result;
      t.is(code, 0, output);
      t.is(output.match(/ 0 differences/g)?.length, 3, output);
      const gateway = api(stack.urls.gateway);
      for (const { id } of writing.made.slice(0, answered)) {
        t.is((await gateway.get(`/users/users/${id}/tasks`)).json<{ tasks: unknown[] }>().tasks.length, 1);
      }
      t.is((await seed(gateway).task((await seed(gateway).user()).id)).status, 'pending');
      await stack.stop();
    }
  } finally {
    for (const stack of stacks) await stack.stop();
    rmSync(dir, { recursive: true });
  }
});
