import { setTimeout as lasts } from 'node:timers/promises';
import { startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { until } from '../stack/until.ts';
import { hashOf } from './script-hash.ts';
import { type Fault, survive } from './survive.ts';
import type { World } from './world.ts';

// What whoever runs the system does to it: reload, restart, replace, replay.

async function restart(part: Part): Promise<void> {
  await part.stop();
  await part.start();
}

/** The step in which a projection is put in its place. */
const swap = hashOf('shared-events/src/streams/lua/swap-projection.lua');

/** A replay that is killed when it sends a request that holds this text. */
async function replayKilledAt(world: World, name: 'known-users' | 'tasks', text: string): Promise<void> {
  const { proxies, redis } = world;
  await until('no other replay is remembered', async () => (await redis.keys('*:lock')).length === 0);
  const reached = Promise.withResolvers<void>();
  proxies.tasks.holdRequest(text, () => reached.resolve());
  const { child, result } = startCommand('task-replay', { ports: { redis: proxies.tasks.port } }, [name]);
  await reached.promise;
  child.kill('SIGKILL');
  await result;
}

/** A change of the layout that is killed when it sends a request that holds this text. */
async function repartitionKilledAt(world: World, text: string): Promise<void> {
  const { proxies } = world;
  await untilNobodyMoves(world);
  const reached = Promise.withResolvers<void>();
  proxies.tasks.holdRequest(text, () => reached.resolve());
  const { child, result } = startCommand('repartition', { ports: { redis: proxies.tasks.port } }, [
    ...['--to', '6'],
  ]);
  await Promise.race([
    reached.promise,
    result.then(({ output, errors }) => Promise.reject(new Error(`it ended: ${output} ${errors}`))),
  ]);
  child.kill('SIGKILL');
  await result;
}

/** A command that was killed is forgotten after five seconds. */
const untilNobodyMoves = ({ redis }: World) =>
  until('nobody holds a lock', async () => {
    const locks = [...(await redis.keys('*:lock')), ...(await redis.keys('*:mover'))];
    return locks.length === 0;
  });

async function repartitioned(world: World, ...args: string[]): Promise<void> {
  await untilNobodyMoves(world);
  const { code, output, errors } = await startCommand('repartition', world.stack, args).result;
  if (code !== 0) throw new Error(`repartition ${args.join(' ')} ended with ${code}: ${errors} ${output}`);
}

async function replayed(world: World): Promise<void> {
  await until('no other replay is remembered', async () => (await world.redis.keys('*:lock')).length === 0);
  const { code, errors } = await startCommand('replay', world.stack, ['all']).result;
  if (code !== 0) throw new Error(`the replay ended with ${code}: ${errors}`);
}

const appended = hashOf(
  'shared-events/src/records/lua/record.lua',
  'shared-events/src/streams/lua/evidence.lua',
  'shared-events/src/records/lua/copy.lua',
  'task-service/src/lua/apply-task.lua',
  'task-service/src/lua/copy-tasks.lua',
);
const fenced = hashOf('shared-events/src/streams/lua/fence.lua');
const switched = hashOf('shared-events/src/repartition/lua/switch.lua');

survive([
  {
    name: 'the data is brought into six partitions by a command that is killed three times on the way',
    short: true,
    async inject(world) {
      for (const step of [appended, fenced, switched]) await repartitionKilledAt(world, step);
      await repartitioned(world, '--to', '6');
      await repartitioned(world, '--verify');
      await repartitioned(world, '--drop-old');
      world.layout = { partitions: 6, generation: 1 };
    },
  },
  {
    name: 'the gateway is reloaded ten times',
    unnoticed: true,
    async inject({ stack }) {
      for (let time = 0; time < 10; time++) {
        stack.gateway.kill('SIGHUP');
        await lasts(150);
      }
    },
  },
  {
    name: 'the gateway is restarted',
    inject: ({ stack }) => restart(stack.gateway),
  },
  {
    name: 'each service is restarted, with nobody in its place',
    async inject({ stack }) {
      await restart(stack.users);
      await restart(stack.tasks);
    },
  },
  {
    name: 'two of each service are replaced one by one',
    short: true,
    instances: { users: 2, tasks: 2 },
    unnoticed: true,
    async inject({ stack }) {
      for (const part of [...stack.userServices, ...stack.taskServices]) {
        await restart(part);
        // nginx counts fail_timeout in whole seconds: so long it may go on leaving out the one that was restarted.
        await lasts(2100);
      }
    },
  },
  {
    name: 'everything is replayed, and replayed again',
    unnoticed: true,
    async inject(world) {
      await replayed(world);
      await replayed(world);
    },
  },
  {
    name: 'replays are killed at their worst moments',
    async inject(world) {
      await replayKilledAt(world, 'known-users', 'known-users:{0}:replay');
      await replayKilledAt(world, 'known-users', swap);
      await replayKilledAt(world, 'tasks', '\r\nreplay\r\n');
      await replayed(world);
    },
  },
] satisfies Fault[]);
