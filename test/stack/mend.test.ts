import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Redis } from 'ioredis';
import { type BareRedis, withBareRedis } from './bare-redis.ts';
import { root } from './parts.ts';
import { eachToolset } from './toolsets.ts';

// What is done about an append-only file that is not whole, before Redis loads it.

/** Two writes in one step, as every change here is. */
const write = (redis: Redis, n: number | string) =>
  redis.eval(
    "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1])",
    2,
    'all',
    `own:${n}`,
    n,
  );

/** The file that Redis writes to. */
function fileOf(dir: string): string {
  const folder = join(dir, 'appendonlydir');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? 'none');
}

async function restart(
  { process, redis }: BareRedis,
  meanwhile: () => void = () => undefined,
): Promise<void> {
  await process.stop();
  meanwhile();
  await process.start();
  await redis.ping();
}

for (const last of ['2', 'EXEC']) {
  test(`a write of the text ${last} that was torn is gone whole, and nothing that comes after it is lost at the next start`, async (t) => {
    await withBareRedis(async (bare) => {
      const { redis, dir } = bare;
      await write(redis, 1);
      await write(redis, last);
      const tear = () => truncateSync(fileOf(dir), readFileSync(fileOf(dir)).lastIndexOf(`own:${last}`));
      await restart(bare, tear);
      t.deepEqual(await redis.lrange('all', '0', '-1'), ['1']);
      await write(redis, 3);
      await redis.set('alone', '4');
      await restart(bare);
      t.deepEqual(await redis.lrange('all', '0', '-1'), ['1', '3']);
      t.deepEqual(await redis.mget('own:1', `own:${last}`, 'own:3', 'alone'), ['1', null, '3', '4']);
    });
  });
}

test('a file that is damaged where whole writes follow is left as it is, and Redis does not start', async (t) => {
  await withBareRedis(async ({ redis, process, dir }) => {
    for (const n of [1, 2, 3]) await write(redis, n);
    await process.stop();
    const whole = readFileSync(fileOf(dir));
    const damaged = Buffer.from(whole);
    damaged.write('XXXX', damaged.indexOf('own:2') - 4);
    writeFileSync(fileOf(dir), damaged);
    await t.throwsAsync(process.start(), { message: /is damaged at byte \d+, before its end/ });
    t.deepEqual(readFileSync(fileOf(dir)), damaged);
    writeFileSync(fileOf(dir), whole);
    await process.start();
    t.deepEqual(await redis.lrange('all', '0', '-1'), ['1', '2', '3']);
  });
});

/** A command as Redis writes it. */
const command = (...words: string[]) =>
  [`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]), ''].join('\r\n');

const set = command('SET', 'user', 'Zoë');
const multi = command('MULTI');
const exec = command('EXEC');
const torn = set.slice(0, -9);

const ends: [what: string, end: string, verdict: 'mended' | 'refused' | 'whole'][] = [
  ['with a whole script', multi + set + exec, 'whole'],
  ['within a command', torn, 'mended'],
  ['within a script, after one of its commands', multi + set, 'mended'],
  ['within a script, in one of its commands', multi + set + torn, 'mended'],
  ['within the number of words', `${multi}*`, 'mended'],
  ['within the length of a word', `${multi}*3\r\n$1`, 'mended'],
  ['between the line end of a word', multi + set.slice(0, -1), 'mended'],
  ['within a time that Redis notes', `${multi}#TS:17`, 'mended'],
  ['in zeros, after a whole command', `\0\0\0\0`, 'mended'],
  ['in zeros, within a word', `${multi}${torn}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0`, 'mended'],
  ['within a script that has the word EXEC', multi + command('RPUSH', 'l', '*1', 'EXEC') + torn, 'mended'],
  [
    'within a script that has a text like a command',
    multi + command('SET', 'k', `\r\n${exec}`) + torn,
    'mended',
  ],
  ['with letters that are no command', `${multi}${set}XX`, 'refused'],
  ['with letters that are no length', `${multi}*3\r\nXX`, 'refused'],
  ['with a command that follows such letters', `XXXX${set}`, 'refused'],
  ['with a command that follows zeros', `\0\0\0\0${set}`, 'refused'],
  ['with a command that follows a length that is too small', set.replace('$4', '$3') + set, 'refused'],
  ['with a command that follows a length that is too large', set.replace('$4', '$999') + set, 'refused'],
  [
    'with a script that follows a number of words that is too large',
    set.replace('*3', '*9') + set,
    'refused',
  ],
  ['with a script that follows one that was torn', multi + set + multi + set + exec, 'refused'],
  ['with a script that is torn and follows one that was', multi + set + multi + set, 'refused'],
  ['with the end of a script that has no beginning', exec, 'refused'],
];

eachToolset((tools, env) => {
  test(`with ${tools}, an end that was torn off is told from damage by the commands, whatever their words`, (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'mend-'));
    const folder = join(dir, 'appendonlydir');
    const file = join(folder, 'appendonly.aof.1.incr.aof');
    mkdirSync(folder);
    writeFileSync(join(folder, 'appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n');
    try {
      for (const [what, end, verdict] of ends) {
        const before = multi + set + exec + set;
        writeFileSync(file, before + end);
        const { status, stderr } = spawnSync('sh', [join(root, 'shared-events/redis/mend.sh'), dir], {
          env,
          encoding: 'utf8',
        });
        t.is(status, verdict === 'refused' ? 1 : 0, `a file that ends ${what}: ${stderr}`);
        t.is(readFileSync(file, 'utf8'), verdict === 'mended' ? before : before + end, what);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
