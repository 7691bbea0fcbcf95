import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { api } from '../stack/api.ts';
import type { Bench } from './bench.ts';
import { startProbe } from './probe.ts';
import { residentBytes, treeOf } from './processes.ts';
import { seedTasks, seedUsers } from './seeding.ts';
import { type Latency, median } from './stats.ts';
import { connections, type WrkRun, wrk } from './wrk.ts';

const places = ['beginning', 'middle', 'end'] as const;

export interface ListResult {
  tasks: number;
  connections: number;
  /** pages of 100, each a second; medians of the rounds */
  pages: Record<(typeof places)[number], Pick<WrkRun, 'rate' | 'p50' | 'p99' | 'failed'>>;
  whole: {
    bytes: number;
    /** the median of the rounds */
    seconds: number;
    /** how much more memory the processes had at most than before the first list; nothing without /proc */
    growth?: { taskService: number; gateway: number };
    /** of a task that is read every five milliseconds: while nothing else is asked for, and during the lists */
    readBefore: Latency;
    readDuring: Latency;
  };
}

/** A user with very many tasks: pages of their list, and all of it at once. */
export async function measureList(bench: Bench): Promise<ListResult> {
  const { settings, signal } = bench;
  const { tasks: count } = settings.list;
  const stack = await bench.stacks.start();
  bench.say(`making ${count} tasks of one user`);
  const [userId = ''] = await seedUsers(stack, 1, signal);
  const tasks = await seedTasks(stack, [userId], count, signal);
  const base = stack.urls.gateway;
  const roots = { taskService: stack.tasks.pid(), gateway: stack.gateway.pid() };
  bench.say('pages');
  const pages = await measurePages(bench, base, userId);
  // Now the service is warm: what its memory grows by is the list's doing.
  bench.say('all of it');
  const whole = await measureWhole(bench, base, { userId, taskId: String(tasks[0]), roots });
  await bench.stacks.stop(stack);
  return { tasks: count, connections, pages, whole };
}

async function measurePages({ settings, signal }: Bench, base: string, userId: string) {
  const { rounds, seconds } = settings.list;
  const paths = await pagePaths(base, userId);
  const runs = places.map((): WrkRun[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [at, path] of paths.entries()) {
      const run = await wrk(base, [{ method: 'GET', path }], { seconds, signal });
      if (round > 0) runs[at]?.push(run);
    }
  }
  const figures = runs.map((list) => ({
    rate: median(list.map(({ rate }) => rate)),
    p50: median(list.map(({ p50 }) => p50)),
    p99: median(list.map(({ p99 }) => p99)),
    failed: list.reduce((sum, { failed }) => sum + failed, 0),
  }));
  return Object.fromEntries(places.map((place, at) => [place, figures[at]])) as ListResult['pages'];
}

/** The first page of 100, one in the middle, and one near the end, found by following the links. */
async function pagePaths(base: string, userId: string): Promise<string[]> {
  const paths = [`/tasks/tasks?userId=${userId}&limit=1000`];
  for (let path = paths[0]; path; ) {
    const { headers } = await api(base).get(path);
    path = /^<([^>]+)>/.exec(headers.get('link') ?? '')?.[1];
    if (path) paths.push(path);
  }
  return [0, Math.floor(paths.length / 2), paths.length - 1].map((at) =>
    (paths[at] as string).replace('limit=1000', 'limit=100'),
  );
}

interface Whole {
  userId: string;
  taskId: string;
  roots: Record<'taskService' | 'gateway', number | undefined>;
}

async function measureWhole({ settings }: Bench, base: string, { userId, taskId, roots }: Whole) {
  const read = { read: { method: 'GET', path: `/tasks/tasks/${taskId}` } } as const;
  const calm = startProbe(base, read, 5);
  await delay(2000);
  const { read: readBefore } = await calm.stop();
  const memory = watchMemory(roots);
  const probe = startProbe(base, read, 5);
  const seconds: number[] = [];
  let bytes = 0;
  for (let round = 0; round < settings.list.rounds; round++) {
    const whole = await download(`${base}/tasks/tasks?userId=${userId}`);
    bytes = whole.bytes;
    seconds.push(whole.seconds);
  }
  const { read: readDuring } = await probe.stop();
  const growth = memory.stop();
  return {
    ...{ bytes, seconds: median(seconds), ...(growth && { growth }) },
    ...{ readBefore: readBefore as Latency, readDuring: readDuring as Latency },
  };
}

/** In a process of its own, which does not hold up the requests whose times are measured. */
const downloader = `
  const start = performance.now();
  let bytes = 0;
  for await (const piece of (await fetch(process.argv[1])).body) bytes += piece.length;
  process.stdout.write(JSON.stringify({ bytes, seconds: (performance.now() - start) / 1000 }));
`;

/** Takes a whole answer: its size, and how long that took. */
async function download(url: string): Promise<{ bytes: number; seconds: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', downloader, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout));
}

/** Looks every 20 ms how much memory processes have. What it resolves to tells how much each has grown at most. */
function watchMemory<Name extends string>(roots: Record<Name, number | undefined>) {
  const names = Object.keys(roots) as Name[];
  const trees = names.map((name) => treeOf(roots[name]));
  const now = () => trees.map((pids) => (pids ? residentBytes(pids) : 0));
  const before = now();
  let most = before;
  const look = () => {
    most = now().map((bytes, at) => Math.max(bytes, most[at] as number));
  };
  const timer = setInterval(look, 20);
  return {
    stop(): Record<Name, number> | undefined {
      clearInterval(timer);
      look();
      if (trees.includes(undefined)) return undefined;
      const growth = names.map((name, at) => [name, (most[at] as number) - (before[at] as number)]);
      return Object.fromEntries(growth);
    },
  };
}
