import { setTimeout as lasts } from 'node:timers/promises';
import { killAt, startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { untilUnlocked } from '../stack/redis.ts';
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

/** A command that is killed when it sends a request that holds this text. */
async function killedAt(
  { proxies, redis }: World,
  name: 'task-replay' | 'repartition',
  args: string[],
  text: string,
): Promise<void> {
  await untilUnlocked(redis);
  const reached = Promise.withResolvers<void>();
  proxies.tasks.holdRequest(text, () => reached.resolve());
  const command = startCommand(name, { ports: { redis: proxies.tasks.port } }, args);
  await killAt(command, reached.promise);
}

async function repartitioned(world: World, ...args: string[]): Promise<void> {
  await untilUnlocked(world.redis);
  const { code, output, errors } = await startCommand('repartition', world.stack, args).result;
  if (code !== 0) throw new Error(`repartition ${args.join(' ')} ended with ${code}: ${errors} ${output}`);
}

async function replayed(world: World): Promise<void> {
  await untilUnlocked(world.redis);
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
const switched = hashOf('shared-events/src/repartition/lua/change-step.lua');

survive([
  {
    name: 'the data is brought into six partitions by a command that is killed three times on the way',
    short: true,
    async inject(world) {
      for (const step of [appended, fenced, switched])
        await killedAt(world, 'repartition', ['--to', '6'], step);
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
      await killedAt(world, 'task-replay', ['known-users'], 'known-users:{0}:replay');
      await killedAt(world, 'task-replay', ['known-users'], swap);
      await killedAt(world, 'task-replay', ['tasks'], '\r\nreplay\r\n');
      await replayed(world);
    },
  },
] satisfies Fault[]);
