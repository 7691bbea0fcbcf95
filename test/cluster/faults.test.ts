import { setTimeout as lasts } from 'node:timers/promises';
import { hashTag, partitionOf } from 'shared-events';
import { lagOf } from '../../shared-events/src/streams/lag.ts';
import { surviveIn } from '../faults/survive.ts';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { type Fault, userWithTasks } from './fault.ts';
import { countLost, judgeShards } from './judge.ts';
import { moves } from './moves.ts';
import { crash, failOver, freeze, isolate, untilPromoted } from './nodes.ts';
import { type ClusterWorld, openClusterWorld } from './world.ts';

// What can happen to the nodes of a cluster and to what lies between them.

const all = [0, 1, 2];

/** Longer than it takes the others to replace a master. */
const pastFailover = 6000;

/** A master that ends, and is back only when its replica has taken its place. */
async function replaceMaster({ pairOf }: ClusterWorld, shard: number): Promise<void> {
  const { master, replica } = await pairOf(shard);
  await crash(master);
  await untilPromoted(replica);
  await master.part.start();
}

/** A master that can be reached by services, and by no other node. */
const masterCutOff = (replicas: number): Fault => ({
  name: `a master is cut off from the other nodes, and services reach both sides, REDIS_REPLICAS=${replicas}`,
  replicas,
  hit: [1],
  inject: async (world) => isolate(world, [(await world.pairOf(1)).master], pastFailover),
});

const failedOver = (...how: string[]): Fault => ({
  name: `each master is replaced by hand (CLUSTER FAILOVER ${how})`,
  async inject({ pairOf }) {
    for (const shard of all) {
      const { replica } = await pairOf(shard);
      await failOver(replica, ...how);
      await untilPromoted(replica);
      await lasts(500);
    }
  },
});

const faults: Fault[] = [
  {
    name: 'a master is killed, and comes back when it was replaced',
    short: true,
    hit: [0],
    inject: (world) => replaceMaster(world, 0),
  },
  {
    name: 'every master is killed and replaced, one after the other',
    async inject(world) {
      for (const shard of all) {
        await replaceMaster(world, shard);
        await world.untilHealthy();
      }
    },
  },
  {
    name: 'a master is killed and started again at once',
    hit: [2],
    async inject({ pairOf }) {
      const { master } = await pairOf(2);
      await crash(master);
      await master.part.start();
    },
  },
  {
    name: 'a master hangs until it was replaced, and then goes on',
    hit: [0],
    inject: async ({ pairOf }) => freeze((await pairOf(0)).master, pastFailover),
  },
  {
    name: 'a replica hangs',
    hit: [1],
    inject: async ({ pairOf }) => freeze((await pairOf(1)).replica, pastFailover),
  },
  {
    name: 'a replica is killed, and comes back later',
    hit: [2],
    async inject({ pairOf }) {
      const { replica } = await pairOf(2);
      await crash(replica);
      await lasts(4000);
      await replica.part.start();
    },
  },
  masterCutOff(1),
  masterCutOff(0),
  {
    name: 'a master and its replica are cut off together from the other nodes',
    hit: [0],
    async inject(world) {
      const { master, replica } = await world.pairOf(0);
      await isolate(world, [master, replica], pastFailover);
    },
  },
  failedOver(),
  failedOver('FORCE'),
  failedOver('TAKEOVER'),
  {
    name: 'all nodes are stopped, and started again',
    async inject({ stack }) {
      await stack.redis.stop();
      await stack.redis.start();
    },
  },
  {
    name: 'a master is replaced during a replay, which is then run again',
    hit: [0],
    async inject(world) {
      const replay = startCommand('replay', world.stack, ['all']);
      await lasts(300);
      await replaceMaster(world, 0);
      await replay.result;
      await world.untilHealthy();
      const { code, errors } = await startCommand('replay', world.stack, ['all']).result;
      if (code !== 0) throw new Error(`the replay ended with ${code}: ${errors}`);
    },
  },
  {
    name: 'a master is replaced while the tasks of a deleted user go',
    hit: [0],
    async inject(world) {
      const { master } = await world.pairOf(0);
      // On a busy machine all may be gone before that is seen.
      const isUnderWay = async () => {
        const id = await userWithTasks(world, 10_000);
        const tasks = `tasks-of:${hashTag(partitionOf(id, world.layout))}:${id}`;
        const left = () => master.redis.zcard(tasks);
        const before = await left();
        if ((await world.gateway.delete(`/users/users/${id}`)).status !== 204) return false;
        // Not `until`: it is over in a tenth of a second.
        while ((await left()) === before);
        return (await left()) > 0;
      };
      await until('some of the tasks are gone, and some are left', isUnderWay, 90_000);
      await replaceMaster(world, 0);
    },
  },
  {
    name: 'replies and requests of every node are swallowed, again and again',
    async inject({ nodes }) {
      for (let time = 0; time < 6; time++) {
        for (const { data } of nodes) time % 2 === 0 ? data.loseReplies() : data.loseRequests();
        await lasts(100);
        for (const { data } of nodes) data.heal();
        await lasts(900);
      }
    },
  },
  {
    name: 'the clock of a master was five seconds ahead',
    hit: [0],
    unnoticed: true,
    async inject(world) {
      const { redis } = (await world.pairOf(0)).master;
      const streams = (world.shards[0] ?? [])
        .map(hashTag)
        .flatMap((tag) => [`user-events:${tag}`, `task-events:${tag}`]);
      for (const stream of streams) {
        await until(`${stream} is there`, async () => (await redis.exists(stream)) === 1);
        // As if an entry had been written by that clock, and removed.
        const ahead = `${Date.now() + 5000}-0`;
        await redis.call('XSETID', stream, ahead);
        await until(`${stream} goes on behind that`, async () => {
          const { entries, seconds } = await lagOf({ redis, stream }, ahead);
          if (seconds < 0) world.history.violations.push(`F an entry of ${stream} is ${seconds} s old`);
          return entries > 0;
        });
      }
    },
  },
  ...moves,
];

surviveIn(openClusterWorld, faults, async (outcome, world, { hit = all, replicas }) => {
  const judged = await judgeShards(outcome, world, hit);
  return replicas === 0 ? countLost(judged, world) : judged;
});
