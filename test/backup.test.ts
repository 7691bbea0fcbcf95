import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import test from 'ava';
import type { Redis } from 'ioredis';
import type { User } from 'shared-events';
import { api, paced, seed } from './stack/api.ts';
import { withBareRedis } from './stack/bare-redis.ts';
import { startCommand } from './stack/commands.ts';
import { root } from './stack/parts.ts';
import { openTestRedis } from './stack/redis.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { eachToolset } from './stack/toolsets.ts';
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

/** Has Redis rewrite its append-only file, and waits until it has. */
async function rewrite(redis: Redis): Promise<void> {
  await redis.bgrewriteaof();
  const isIdle = async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence'));
  await until('the rewrite ends', isIdle);
}

/** Rewrites the append-only file again and again until it is stopped. */
function keepRewriting(stack: Stack): () => Promise<number> {
  const redis = openTestRedis(stack);
  let busy = true;
  let rewrites = 0;
  const work = async () => {
    while (busy) {
      await rewrite(redis);
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
  const { user, task } = seed(paced(api(stack.urls.gateway)));
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

const script = join(root, 'shared-events/redis/backup.sh');

/** Runs a backup whose archive nobody takes before `meanwhile` is done, so that tar is in the midst of it until then. */
async function packed(dir: string, env: NodeJS.ProcessEnv, meanwhile: () => Promise<void>) {
  const child = spawn('sh', [script, dir], { env });
  const errors = text(child.stderr);
  const ended = once(child, 'close');
  await once(child.stdout, 'readable');
  await meanwhile();
  const archive = await buffer(child.stdout);
  const [code] = await ended;
  return { code, archive, errors: await errors };
}

eachToolset((tools, env) => {
  test(`with ${tools}, a backup is whole though Redis writes on, and rewrites its files, while it is packed`, async (t) => {
    await withBareRedis(async ({ redis, dir, process }) => {
      const large = randomBytes(4_000_000).toString('base64');
      await redis.set('base', large);
      await rewrite(redis);
      await redis.set('increment', large);
      const { code, archive, errors } = await packed(dir, env, async () => {
        await redis.set('later', large);
        await rewrite(redis);
        await redis.set('later', 'still');
      });
      t.is(code, 0, errors);
      t.is(errors, '');
      t.deepEqual(readdirSync(dir).sort(), ['appendonlydir', 'users.acl']);

      await process.stop();
      rmSync(join(dir, 'appendonlydir'), { recursive: true });
      execFileSync('tar', ['-x', '-f', '-', '-C', dir], { input: archive, env });
      await process.start();
      t.is(await redis.get('base'), large);
      t.is(await redis.get('increment'), large);
    });
  });

  test(`with ${tools}, a backup that cannot be written, or lacks a file, fails and says so`, async (t) => {
    await withBareRedis(async ({ redis, dir }) => {
      await redis.set('some', 'thing');
      await rewrite(redis);
      const fails = (command: string) => {
        const { status, stderr } = spawnSync('sh', ['-c', command], { env, encoding: 'utf8' });
        t.not(status, 0, command);
        t.not(stderr, '', command);
        t.deepEqual(readdirSync(dir).sort(), ['appendonlydir', 'users.acl'], command);
      };
      if (existsSync('/dev/full')) fails(`sh ${script} ${dir} >/dev/full`);
      const manifest = join(dir, 'appendonlydir/appendonly.aof.manifest');
      const named = readFileSync(manifest);
      writeFileSync(manifest, `${named}file appendonly.aof.9.incr.aof seq 9 type i\n`);
      fails(`sh ${script} ${dir} >/dev/null`);
      writeFileSync(manifest, named);
    });
  });
});

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
    for (let n = 0; n < 2; n++) {
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
