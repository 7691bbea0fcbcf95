import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { User } from 'shared-events';
import { masters, untilWhole } from '../stack/cluster.ts';
import type { Part } from '../stack/part.ts';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { sender } from './probe.ts';
import { newTask } from './requests.ts';
import { percentile } from './stats.ts';
import type { Sent } from './wrk.ts';

/** What is seen of a shard whose master is replaced, and of the others meanwhile; times in milliseconds. */
export interface OutageFigures {
  /** the longest time in which nothing was read, or written, in the shard */
  reads: number;
  writes: number;
  /** how many requests for the other shards failed */
  failed: number;
  /** p99 of requests for the other shards before, and from the beginning of the outage on */
  before: number;
  during: number;
}

/** Between two requests of a kind for a shard, and how long they are sent before and after, in milliseconds. */
const every = 20;
const calm = 3000;
/** How long a shard may be away, in milliseconds. */
const patience = 60_000;

/**
 * Has the master of the first shard killed, and put back by hand when it is its replica's replica, while tasks of a user
 * in each shard are written and read.
 */
export async function measureOutages(
  stack: Stack,
  users: User[],
): Promise<Record<'killed' | 'by hand', OutageFigures>> {
  const [first, replica] = [0, masters].map((at) => nodeAt(stack, at)) as [Node, Node];
  try {
    const killed = await measureOutage(stack, users, async () => {
      first.part.kill('SIGKILL');
      await until('the replica is a master', () => isMaster(replica), patience);
      // Until it is back there is no second copy, and so nothing is written.
      await first.part.start();
    });
    await untilWhole(stack.ports.cluster ?? [], patience);
    const byHand = await measureOutage(stack, users, async () => {
      await first.redis.call('CLUSTER', 'FAILOVER');
      await until('it is the master again', () => isMaster(first), patience);
    });
    return { killed, 'by hand': byHand };
  } finally {
    first.redis.disconnect();
    replica.redis.disconnect();
  }
}

interface Node {
  part: Part;
  redis: Redis;
}

function nodeAt({ nodes, ports }: Stack, at: number): Node {
  const redis = new Redis({ port: ports.cluster?.[at] as number, commandTimeout: 2000 });
  redis.on('error', () => undefined);
  return { part: nodes[at] as Part, redis };
}

const isMaster = async ({ redis }: Node): Promise<boolean> => (await redis.role())[0] === 'master';

interface Answer {
  shard: number;
  kind: 'reads' | 'writes';
  /** when it came, and how long it took */
  at: number;
  ms: number;
  isDone: boolean;
}

async function measureOutage(
  { urls }: Stack,
  users: User[],
  replace: () => Promise<void>,
): Promise<OutageFigures> {
  const answers: Answer[] = [];
  const { send, close } = sender(urls.gateway);
  const underWay = new Set<Promise<void>>();
  async function ask(shard: number, kind: Answer['kind'], request: Sent): Promise<void> {
    const start = performance.now();
    const isDone = await send(request).then(
      ({ status }) => status < 300,
      () => false,
    );
    const at = performance.now();
    answers.push({ shard, kind, at, ms: at - start, isDone });
  }
  const timer = setInterval(() => {
    for (const [shard, { id }] of users.entries()) {
      const read = { method: 'GET', path: `/tasks/tasks?userId=${id}&limit=1` } as const;
      for (const asking of [ask(shard, 'reads', read), ask(shard, 'writes', newTask(id))]) {
        const settled = asking.finally(() => underWay.delete(settled));
        underWay.add(settled);
      }
    }
  }, every);
  await delay(calm);
  const begin = performance.now();
  await replace();
  const since = performance.now();
  const isBack = (kind: Answer['kind']) =>
    answers.some((one) => one.shard === 0 && one.kind === kind && one.isDone && one.at > since);
  await until('the shard is served again', () => isBack('reads') && isBack('writes'), patience);
  await delay(calm);
  clearInterval(timer);
  await Promise.all(underWay);
  close();
  const others = answers.filter(({ shard }) => shard !== 0);
  const p99 = (of: Answer[]) =>
    percentile(
      of.map(({ ms }) => ms),
      0.99,
    );
  return {
    reads: longestGap(answers, 'reads'),
    writes: longestGap(answers, 'writes'),
    failed: others.filter(({ isDone }) => !isDone).length,
    before: p99(others.filter(({ at }) => at < begin)),
    during: p99(others.filter(({ at }) => at >= begin)),
  };
}

/** The longest time without an answer of a kind from the first shard. */
function longestGap(answers: Answer[], kind: Answer['kind']): number {
  const times = answers
    .filter((one) => one.shard === 0 && one.kind === kind && one.isDone)
    .map(({ at }) => at)
    .sort((one, other) => one - other);
  return Math.max(...times.map((at, place) => at - (times[place - 1] ?? at)));
}
