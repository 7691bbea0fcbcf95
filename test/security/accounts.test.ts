import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Redis } from 'ioredis';
import { accountPasswords, credentials } from '../stack/accounts.ts';
import { type BareRedis, withBareRedis } from '../stack/bare-redis.ts';
import { redisPart, root } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { type Account, accounts, forbidden, needed, neededOfNode, refused, userRecord } from './rights.ts';

// The accounts of Redis: each may do what it needs, and nothing else.

/** What Redis answers to a command: its error, or nothing where it does as it is told. */
async function errorOf(redis: Redis, line: string): Promise<string | undefined> {
  const [command = '', ...args] = line.split(' ');
  // A script of one key.
  const sent = command === 'EVAL' ? ['return 1', 1, args.at(-1) as string] : args;
  return redis.call(command, ...sent).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** A connection of an account, or of nobody. */
function openAs(port: number, account?: Account | 'replica' | 'admin'): Redis {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password } = account ? credentials(account) : {};
  const redis = new Redis({
    ...{
      host: '127.0.0.1',
      port,
      protocol: 2 as const,
      disableClientInfo: true,
      enableReadyCheck: account !== undefined && account !== 'replica',
    },
    ...(username && password && { username, password }),
  });
  redis.on('error', () => undefined);
  return redis;
}

/** Runs with a connection of an account. */
async function withAccount(
  account: Account,
  run: (redis: Redis, bare: BareRedis) => Promise<void>,
): Promise<void> {
  await withBareRedis(async (bare) => {
    const redis = openAs(bare.port, account);
    try {
      await run(redis, bare);
    } finally {
      redis.disconnect();
    }
  });
}

for (const account of accounts) {
  test(`${account} is refused what it must not do`, async (t) => {
    await withAccount(account, async (redis) => {
      for (const line of [...forbidden, ...refused[account]]) {
        t.regex((await errorOf(redis, line)) ?? 'done', /^(NOPERM|ERR DEBUG command not allowed)/, line);
      }
    });
  });

  test(`${account} may do what it needs, and is denied nothing on the way`, async (t) => {
    await withAccount(account, async (redis, bare) => {
      for (const line of needed[account]) t.is(await errorOf(redis, line), undefined, line);
      t.deepEqual(await bare.redis.acl('LOG'), []);
    });
  });

  test(`a script gives ${account} no right that its commands do not have`, async (t) => {
    await withAccount(account, async (redis) => {
      for (const [key, ...call] of [
        ['user-events:{0}', 'DEL'],
        ['user-events:{0}', 'XTRIM', 'MAXLEN', '0'],
      ] as string[][]) {
        const [command, ...rest] = call;
        const code = `return redis.call('${command}', KEYS[1]${rest.map((arg) => `, '${arg}'`).join('')})`;
        const run = redis.eval(code, 1, key as string);
        await t.throwsAsync(
          run,
          { message: /can't (run this command|access at least one of the keys)|ACL failure in script/ },
          call.join(' '),
        );
      }
    });
  });
}

test('nobody is let in without an account: the default user is off unless it is asked for', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'acl-'));
  try {
    const { status } = startRedis(
      { ...accountPasswords, REDIS_ACL_FILE: join(dir, 'users.acl') },
      '--version',
    );
    t.is(status, 0);
    const file = readFileSync(join(dir, 'users.acl'), 'utf8');
    t.regex(file, /^user default off resetpass /m);
    t.is(file.match(/^user /gm)?.length, 5);
    for (const password of Object.values(accountPasswords)) t.false(file.includes(password));
    t.is(statSync(join(dir, 'users.acl')).mode & 0o077, 0, 'nobody else can read the hashes');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('with the default user off nobody gets in as it, and a restart brings back what scripts wrote', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'acl-'));
  const ports = await freePorts();
  const setting = { ports, supervised: false, onLine: () => undefined };
  const server = redisPart(dir, setting, { REDIS_DEFAULT_USER: 'off' });
  const connect = (account?: Account) => openAs(ports.redis, account);
  await server.start();
  const [nobody, users, operator] = [connect(), connect('user-service'), connect('operator')];
  try {
    for (const line of ['PING', 'XLEN user-events:{0}', 'FLUSHALL']) {
      t.regex((await errorOf(nobody, line)) ?? 'done', /^NOAUTH/, line);
    }
    for (const line of ['AUTH x', 'AUTH default x']) {
      t.regex((await errorOf(nobody, line)) ?? 'done', /^WRONGPASS/, line);
    }
    const both = "redis.call('XADD', KEYS[1], '*', 'a', 'b') return redis.call('SET', KEYS[2], 'x')";
    await users.eval(both, 2, 'user-events:{0}', userRecord);
    server.kill('SIGKILL');
    await server.ended();
    await server.start();
    const length = () => operator.xlen('user-events:{0}');
    t.is(await until('the operator is back', () => length()), 1);
    t.is(await until('the service is back', () => users.get(userRecord)), 'x');
  } finally {
    for (const redis of [nobody, users, operator]) redis.disconnect();
    await server.stop();
    rmSync(dir, { recursive: true });
  }
});

test('only on a node of a cluster there are accounts that replicate and that change the cluster, and no others do', async (t) => {
  await withBareRedis(async ({ port }) => {
    const redis = openAs(port, 'admin');
    await t.throwsAsync(redis.ping(), { message: /WRONGPASS|NOAUTH|closed/ });
    redis.disconnect();
  });
  await withBareRedis(
    async (bare) => {
      const as = async (account: Account | 'replica' | 'admin', line: string) => {
        const redis = openAs(bare.port, account);
        const error = await errorOf(redis, line);
        redis.disconnect();
        return error;
      };
      for (const account of accounts) {
        for (const line of neededOfNode) t.is(await as(account, line), undefined, `${account} ${line}`);
        t.regex((await as(account, 'CLUSTER MEET 127.0.0.1 1')) ?? 'done', /^NOPERM/);
        t.regex((await as(account, 'PSYNC ? -1')) ?? 'done', /^NOPERM/);
      }
      t.is(await as('operator', 'CLUSTER NODES'), undefined);
      for (const line of ['CLUSTER ADDSLOTS 1', 'CLUSTER INFO', 'INFO', 'PING']) {
        t.is(await as('admin', line), undefined, line);
      }
      for (const line of ['PSYNC ? -1', 'GET partitions', 'KEYS *', 'ACL LIST', 'CONFIG GET *', 'FLUSHALL']) {
        t.regex((await as('admin', line)) ?? 'done', /^NOPERM/, line);
      }
      for (const line of ['GET partitions', 'CLUSTER INFO', 'SCAN 0', 'SYNC', 'INFO']) {
        t.regex((await as('replica', line)) ?? 'done', /^NOPERM/, line);
      }
    },
    await nodeArgs(),
  );
});

for (const name of Object.keys(accountPasswords)) {
  test(`Redis does not start without ${name}, and says so`, (t) => {
    for (const value of ['', undefined]) {
      const env = { ...accountPasswords, [name]: value };
      const { status, stderr } = startRedis(env, '--cluster-enabled', 'yes');
      t.is(status, 1);
      t.regex(stderr, new RegExp(`^redis: ${name} is not set`));
    }
  });
}

test('an account without a password is refused to a Redis that can be reached from elsewhere', (t) => {
  const open = { ...accountPasswords, REDIS_DEFAULT_USER: 'on' };
  t.regex(startRedis(open).stderr, /needs --bind 127\.0\.0\.1/);
  t.regex(startRedis(open, '--bind', '0.0.0.0').stderr, /needs --bind 127\.0\.0\.1/);
  t.regex(startRedis({ ...open, REDIS_DEFAULT_USER: 'yes' }).stderr, /must be on or off/);
});

test('without the files of its accounts, Redis does not start', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'acl-'));
  try {
    copyFileSync(join(root, 'shared-events/redis/start.sh'), join(dir, 'start.sh'));
    const { status, stderr } = spawnSync('sh', [join(dir, 'start.sh'), '--port', '0'], {
      encoding: 'utf8',
      env: { ...process.env, ...accountPasswords, REDIS_ACL_FILE: join(dir, 'made.acl') },
      timeout: 30_000,
    });
    t.is(status, 1);
    t.regex(stderr, /users\.acl/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('no password stands among the arguments of the process that is Redis, or in its environment', async (t) => {
  if (process.platform !== 'linux') return t.pass();
  await withBareRedis(
    async ({ process: { pid } }) => {
      const read = (what: string) => readFileSync(`/proc/${pid()}/${what}`, 'utf8');
      t.regex(read('cmdline'), /redis-server/);
      for (const password of Object.values(accountPasswords)) {
        t.false(read('cmdline').includes(password));
        t.false(read('environ').includes(password));
      }
    },
    await nodeArgs(),
  );
});

/** What makes a Redis a node of a cluster to be. */
const nodeArgs = async () => ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];

function startRedis(env: Record<string, string | undefined>, ...args: string[]) {
  return spawnSync('sh', [join(root, 'shared-events/redis/start.sh'), ...args], {
    env: { PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin`, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });
}
