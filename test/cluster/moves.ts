import { setTimeout as lasts } from 'node:timers/promises';
import { type Fault, userWithTasks } from './fault.ts';
import { moving, redisCli, slotOf, slotsOf } from './nodes.ts';

/** A partition is brought to another master meanwhile. */
export const moves: Fault[] = [
  {
    name: 'a partition moves to another master, key by key, while connections are cut',
    hit: [0],
    async inject(world) {
      const [from, to] = [(await world.pairOf(0)).master, (await world.pairOf(1)).master];
      const move = await moving(world, world.shards[0]?.[0] as number, from, to);
      for (let time = 0; time < 20; time++) {
        await move.some(20);
        from.data.reset();
        await lasts(50);
      }
      await move.end();
    },
  },
  {
    name: 'a partition stays moved by half until redis-cli --cluster fix',
    hit: [0],
    async inject(world) {
      const [from, to] = [(await world.pairOf(0)).master, (await world.pairOf(1)).master];
      const move = await moving(world, world.shards[0]?.[0] as number, from, to);
      await move.some(50);
      await lasts(3000);
      await redisCli('fix', from);
    },
  },
  {
    name: 'a partition of 10,000 tasks is moved by redis-cli --cluster reshard',
    hit: [0],
    async inject(world) {
      const [from, to] = [(await world.pairOf(0)).master, (await world.pairOf(1)).master];
      const partitions = world.shards[0] as number[];
      const slots = await Promise.all(partitions.map((partition) => slotOf(from, partition)));
      const first = Math.min(...slots);
      await userWithTasks(world, 10_000, world.userKey(0, partitions[slots.indexOf(first)]));
      const count = String((await slotsOf(from)).indexOf(first) + 1);
      const [source, target] = [await from.redis.cluster('MYID'), await to.redis.cluster('MYID')];
      const fromTo = ['--cluster-from', source, '--cluster-to', target];
      await redisCli('reshard', from, ...fromTo, '--cluster-slots', count, '--cluster-yes');
    },
  },
];
