import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { userEvents } from 'shared-events';
import { accountPasswords } from '../stack/accounts.ts';
import { api, seed } from '../stack/api.ts';
import { root } from '../stack/parts.ts';
import type { Stack } from '../stack/stack.ts';
import type { Bench } from './bench.ts';
import { foldFloor } from './floors.ts';
import { startProbe } from './probe.ts';
import { newTask } from './requests.ts';
import { type Latency, median } from './stats.ts';

export interface ReplayResult {
  events: number;
  rounds: number;
  /** events a second, like the others; here as the command tells it */
  rate: number;
  /** from the command's start to its end, with the starts of npm and of two Nodes in it */
  wallRate: number;
  /** of a bare loop: XRANGE, JSON.parse, HSET */
  floorRate: number;
  /** the command's rate divided by the floor's: the median of the rounds */
  ratio: number;
  /** the same of the whole command, from its start to its end */
  wallRatio: number;
  /** of a user read and a task created every 20 ms in turn */
  requests: Record<'before' | 'during', Record<string, Latency & { failed: number }>>;
}

const every = 20;

/** `npm run replay -- known-users` and the floor in turn, and what requests meet while the former runs. */
export async function measureReplay(bench: Bench, stack: Stack, redis: Redis): Promise<ReplayResult> {
  const { rounds, calm } = bench.settings.streams;
  const base = stack.urls.gateway;
  const user = await seed(api(base)).user();
  const kinds = {
    'read user': { method: 'GET', path: `/users/users/${user.id}` },
    'create task': newTask(user.id),
  } as const;

  const own: Replayed[] = [];
  const floors: number[] = [];
  const before = startProbe(base, kinds, every);
  await delay(calm);
  const calmly = await before.stop();
  const timesDuring: ReplayResult['requests']['during'][] = [];
  for (let round = 0; round < rounds; round++) {
    // Both have the same load beside them.
    const beside = startProbe(base, kinds, every);
    floors.push(await foldFloor(redis, userEvents.key(0)));
    await beside.stop();
    const probe = startProbe(base, kinds, every);
    own.push(await replayOnce(bench, stack));
    timesDuring.push(await probe.stop());
  }
  return {
    events: own[0]?.entries ?? 0,
    rounds,
    rate: median(own.map(({ rate }) => rate)),
    wallRate: median(own.map(({ wallRate }) => wallRate)),
    floorRate: median(floors),
    ratio: median(own.map(({ rate }, at) => rate / (floors[at] as number))),
    wallRatio: median(own.map(({ wallRate }, at) => wallRate / (floors[at] as number))),
    requests: { before: calmly, during: together(timesDuring) },
  };
}

interface Replayed {
  entries: number;
  rate: number;
  wallRate: number;
}

async function replayOnce({ signal }: Bench, stack: Stack): Promise<Replayed> {
  const start = performance.now();
  const child = spawn('npm', ['run', '--silent', 'replay', '--', 'known-users'], {
    cwd: root,
    // A group of its own, so that npm and what it runs are stopped together.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...accountPasswords, REDIS_PORT: String(stack.ports.redis) },
  });
  const stop = () => process.kill(-(child.pid as number), 'SIGTERM');
  signal.addEventListener('abort', stop);
  const [[code], output, errors] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]).finally(() => signal.removeEventListener('abort', stop));
  const seconds = (performance.now() - start) / 1000;
  const [, entries, rate] = /(\d+) entries in [\d.]+ s \((\d+)\/s\)/.exec(output)?.map(Number) ?? [];
  if (code !== 0 || entries === undefined || rate === undefined)
    throw new Error(`the replay failed: ${output}${errors}`);
  return { entries, rate, wallRate: entries / seconds };
}

/** The median of the rounds' middles, and the worst of what is worst. */
function together(rounds: ReplayResult['requests']['during'][]): ReplayResult['requests']['during'] {
  const kinds = Object.keys(rounds[0] ?? {}).map((kind) => {
    const list = rounds.flatMap((round) => round[kind] ?? []);
    const figures = {
      count: list.reduce((sum, { count }) => sum + count, 0),
      p50: median(list.map(({ p50 }) => p50)),
      p99: median(list.map(({ p99 }) => p99)),
      max: Math.max(...list.map(({ max }) => max)),
      failed: list.reduce((sum, { failed }) => sum + failed, 0),
    };
    return [kind, figures];
  });
  return Object.fromEntries(kinds);
}
