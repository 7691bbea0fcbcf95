import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as lasts } from 'node:timers/promises';
import { entriesOf, entryFields, openTestRedis } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { type Fault, survive } from './survive.ts';
import type { World } from './world.ts';

// What Redis can do to the services: go away, come back with less, refuse, and take its time.

const aWhile = 2000;

/** A fault that a setting of Redis makes, and unmakes. */
const setting = (name: string, broken: [string, string], whole: [string, string]): Fault => ({
  name,
  async inject({ redis }) {
    await redis.config('SET', ...broken);
    await lasts(aWhile);
    await redis.config('SET', ...whole);
  },
});

/**
 * Cuts off the end of the append-only file from within its last event, as if the power had failed while it was written.
 */
function tearLastEvent({ stack }: World): void {
  const folder = join(stack.dir, 'redis/appendonlydir');
  const name = readdirSync(folder).find((file) => file.endsWith('.incr.aof'));
  const file = join(folder, name ?? 'there is no .incr.aof');
  const begin = readFileSync(file).lastIndexOf('XADD');
  truncateSync(file, begin + 10 + Math.floor(Math.random() * 100));
}

/** Forgets the writes among the last ones that are no longer in the streams. Everything else must still be there. */
async function forgetLost({ redis, history }: World): Promise<void> {
  const entries = [...(await entriesOf(redis, 'user-events')), ...(await entriesOf(redis, 'task-events'))];
  const present = new Set(entries.map(({ request }) => request));
  const last = history.written.slice(-10);
  const lost = last.filter(({ requests }) => !requests.some((request) => present.has(request)));
  if (lost.length > 1) history.violations.push(`A one event was torn, but ${lost.length} writes are lost`);
  history.written = history.written.filter((write) => !lost.includes(write));
}

survive([
  {
    name: 'Redis is restarted',
    async inject({ stack }) {
      await stack.redis.stop();
      await lasts(aWhile);
      await stack.redis.start();
    },
  },
  {
    name: 'Redis comes back with the end of its append-only file torn off, three times',
    async inject(world) {
      for (let time = 0; time < 3; time++) {
        await world.atRest(async () => {
          await world.stack.redis.stop();
          tearLastEvent(world);
          await world.stack.redis.start();
          await forgetLost(world);
        });
        await lasts(500);
      }
    },
  },
  { ...setting('Redis is out of memory', ['maxmemory', '1'], ['maxmemory', '0']), short: true },
  setting(
    'Redis has too few replicas to write',
    ['min-replicas-to-write', '1'],
    ['min-replicas-to-write', '0'],
  ),
  {
    name: 'Redis is a read-only replica of something that is not there',
    async inject({ redis }) {
      await redis.replicaof('127.0.0.1', '1');
      await lasts(aWhile);
      await redis.replicaof('NO', 'ONE');
    },
  },
  {
    name: 'Redis is busy with a script of somebody else',
    async inject({ redis, stack }) {
      const culprit = openTestRedis(stack);
      await redis.config('SET', 'busy-reply-threshold', '100');
      const script = culprit.eval('while true do end', 0).catch(() => 'killed');
      await lasts(aWhile);
      await redis.script('KILL');
      await script;
      culprit.disconnect();
    },
  },
  {
    name: 'Redis pauses every write for a second and a half',
    async inject({ redis }) {
      await redis.client('PAUSE', 1500, 'WRITE');
      await lasts(1600);
    },
  },
  {
    name: 'Redis takes no more connections, and drops those it has',
    async inject({ redis }) {
      await redis.config('SET', 'maxclients', '1');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await lasts(aWhile);
      await redis.config('SET', 'maxclients', '10000');
    },
  },
  {
    name: 'Redis forgets its scripts again and again',
    async inject({ redis }) {
      for (let time = 0; time < 100; time++) {
        await redis.script('FLUSH');
        await lasts(15);
      }
    },
  },
  {
    name: "Redis's clock is an hour behind the ids of the streams",
    async inject({ redis, exempt }) {
      exempt.add('from the future');
      const fields = entryFields({ type: 'unknown', subject: 'from the future' });
      const ahead = Date.now() + 3_600_000;
      // Not the same in both: the ids that follow would be, and nothing tells then which event a version is.
      await redis.xadd('user-events:{0}', `${ahead}-0`, ...fields);
      await redis.xadd('task-events:{0}', `${ahead + 1}-0`, ...fields);
      await lasts(500);
    },
  },
  ...(process.getuid?.() === 0 ? [fullDisk()] : []),
]);

/** Only root may mount a disk. */
function fullDisk(): Fault {
  return {
    name: 'the disk of Redis is full',
    disk: '16m',
    async inject({ stack }) {
      const filler = join(stack.dir, 'redis/filler');
      const first = stack.redis.pid();
      try {
        writeFileSync(filler, Buffer.alloc(16 * 1024 * 1024));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
      await until('Redis ends, since it cannot keep what it promised', () => stack.redis.pid() !== first);
      await lasts(aWhile);
      rmSync(filler);
    },
  };
}
