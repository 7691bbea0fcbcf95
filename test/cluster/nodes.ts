import { execFile } from 'node:child_process';
import { setTimeout as lasts } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hashTag } from 'shared-events';
import { until } from '../stack/until.ts';
import type { ClusterWorld, Node } from './world.ts';

/** Kills a node as a crash does. It stays down until it is started. */
export async function crash({ part }: Node): Promise<void> {
  part.kill('SIGKILL');
  await part.ended();
}

/** Waits until a node is a master. */
export const untilPromoted = ({ redis, part }: Node): Promise<unknown> =>
  until(`${part.name} is a master`, async () => (await redis.role())[0] === 'master');

/** Lets go of a node after so many milliseconds in which it does nothing. */
export async function freeze({ part }: Node, ms: number): Promise<void> {
  part.freeze();
  await lasts(ms);
  part.thaw();
}

/** For so many milliseconds nothing comes from some nodes to the others, nor back. Services reach all of them. */
export async function isolate({ nodes }: ClusterWorld, group: Node[], ms: number): Promise<void> {
  const others = nodes.filter((node) => !group.includes(node));
  for (const node of nodes) {
    const silent = (group.includes(node) ? others : group).map(({ source }) => source);
    for (const proxy of [node.data, node.bus]) proxy.blackHole(silent);
  }
  await lasts(ms);
  for (const { data, bus } of nodes) for (const proxy of [data, bus]) proxy.heal();
}

/** Lets a replica take its master's place. Redis gives up on that after five seconds, as it may on a busy machine. */
export async function failOver({ redis, part }: Node, ...how: string[]): Promise<void> {
  const isMaster = async () => (await redis.role())[0] === 'master';
  await until(`${part.name} takes its master's place`, async () => {
    if (await isMaster()) return true;
    await redis.call('CLUSTER', 'FAILOVER', ...how);
    return until('it is a master', isMaster, 6000);
  });
}

/** Runs `redis-cli --cluster`, as an operator does, and rejects with what it printed if it fails. */
export async function redisCli(command: 'reshard' | 'fix', { data }: Node, ...args: string[]): Promise<void> {
  await promisify(execFile)('redis-cli', ['--cluster', command, `127.0.0.1:${data.port}`, ...args], {
    timeout: 60_000,
  }).catch(({ message, stdout }) => {
    throw new Error(`${message}\n${stdout}`);
  });
}

export const slotOf = ({ redis }: Node, partition: number): Promise<number> =>
  redis.cluster('KEYSLOT', hashTag(partition));

/** The slots that a master has, lowest first: `redis-cli --cluster reshard` takes them in this order. */
export async function slotsOf({ redis }: Node): Promise<number[]> {
  const id = await redis.cluster('MYID');
  const ranges = await redis.cluster('SLOTS');
  const own = ranges.filter(([, , master]) => master?.[2] === id);
  const slots = own.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at),
  );
  return slots.sort((one, other) => one - other);
}

/** A partition on its way from one master to another, key by key, as redis-cli moves it. */
export async function moving({ nodes }: ClusterWorld, partition: number, from: Node, to: Node) {
  const slot = await slotOf(from, partition);
  const [source, target] = [await from.redis.cluster('MYID'), await to.redis.cluster('MYID')];
  await to.redis.cluster('SETSLOT', slot, 'IMPORTING', source);
  await from.redis.cluster('SETSLOT', slot, 'MIGRATING', target);
  /** Moves some keys; resolves to how many. */
  const some = async (count: number): Promise<number> => {
    const keys = (await from.redis.cluster('GETKEYSINSLOT', slot, count)) as string[];
    if (keys.length > 0) await from.redis.call('MIGRATE', '127.0.0.1', to.port, '', 0, 1000, 'KEYS', ...keys);
    return keys.length;
  };
  return {
    some,
    /** Moves the rest, and tells every master. */
    async end() {
      while ((await some(100)) > 0);
      for (const { redis } of [to, from, ...nodes.filter((node) => node !== to && node !== from)]) {
        if ((await redis.role())[0] === 'master') await redis.cluster('SETSLOT', slot, 'NODE', target);
      }
    },
  };
}
