import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { openBlockingRedis, openRedis } from 'shared-events/redis';
import { consume, consumeBlock, groupKeys } from 'shared-events/streams';
import type { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import type { Bench } from './bench.ts';
import { copyEvents, groupFloor } from './floors.ts';
import { median } from './stats.ts';

export interface ConsumingResult {
  entries: number;
  rounds: number;
  /** entries a second, from the first that is handled until the last is acknowledged */
  rate: number;
  /** of a bare loop: XREADGROUP, JSON.parse, HSET, XACK */
  floorRate: number;
  /** the former divided by the latter: the median of the rounds */
  ratio: number;
}

const stream = 'bench-events:{0}';
const group = 'bench';
const log = pino({ level: 'silent' });

/** `consume` with a handler that does nothing, and the floor in turn, on a copy of user events. */
export async function measureConsuming(bench: Bench, stack: Stack, redis: Redis): Promise<ConsumingResult> {
  const { rounds, consumed } = bench.settings.streams;
  const entries = await copyEvents(redis, stream, consumed);
  const own: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await groupFloor(redis, stream));
    own.push(await consumeAll(bench, stack, redis, entries));
  }
  await redis.unlink(stream);
  return {
    entries,
    rounds,
    rate: median(own),
    floorRate: median(floors),
    ratio: median(own.map((rate, at) => rate / (floors[at] as number))),
  };
}

async function consumeAll({ signal }: Bench, stack: Stack, redis: Redis, entries: number): Promise<number> {
  const stopping = new AbortController();
  const config = { REDIS_HOST: '127.0.0.1', REDIS_PORT: stack.ports.redis };
  const commands = openRedis({ config, log });
  await new Promise((resolve, reject) => commands.once('ready', resolve).once('error', reject));
  let first = 0;
  let handled = 0;
  const consuming = consume({
    ...{ redis: commands, stream, group, consumer: 'me', log },
    connect: () => openBlockingRedis({ config, log, redis: commands, key: stream }, consumeBlock),
    signal: AbortSignal.any([signal, stopping.signal]),
    async handle() {
      first ||= performance.now();
      handled += 1;
    },
  });
  try {
    const isSettled = async () =>
      handled >= entries && ((await redis.xpending(stream, group)) as [number])[0] === 0;
    await until('all entries are acknowledged', isSettled, 120_000);
    return entries / ((performance.now() - first) / 1000);
  } finally {
    stopping.abort();
    await consuming;
    commands.disconnect();
    await redis.xgroup('DESTROY', stream, group);
    const { lease, checkpoint } = groupKeys(stream, group);
    await redis.unlink(lease, checkpoint);
  }
}
