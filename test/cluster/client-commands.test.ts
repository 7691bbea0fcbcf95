import test from 'ava';
import { Cluster, Redis } from 'ioredis';
import { firstLayout, hashTag, newId, userEvents } from 'shared-events';
import { RedisUnavailable } from '../../shared-events/src/redis/unavailable.ts';
import { userStore } from '../../user-service/src/store.ts';
import { type TcpProxy, tcpProxy } from '../faults/tcp-proxy.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { type ClientWorld, withClusterClients } from './client-world.ts';

// The client of a cluster by itself: what it sends, where, and how often.

const partitions = 24;
const context = { request: '', trace: '' };
const unavailable = { instanceOf: RedisUnavailable };

const idIn = (partition: number) => newId(partition.toString(16).padStart(4, '0'));
const ada = (id: string) => ({ id, name: 'Ada', email: 'a@example.com', createdAt: '', updatedAt: '' });

test.serial(
  'what is written is where it belongs, in every partition, and a command whose reply is lost is not sent again',
  async (t) => {
    await withClusterClients(async ({ open, proxies }) => {
      const redis = await open('user-service');
      const store = userStore({ redis, writer: redis, layout: firstLayout(partitions) });
      const ids = Array.from({ length: partitions }, (_, partition) => idIn(partition));
      for (const id of ids) await store.create(ada(id), context);
      for (const id of ids) t.is((await store.find(id))?.text, JSON.stringify(ada(id)));

      for (let partition = 0; partition < partitions; partition++) {
        const stream = userEvents.key(partition);
        t.is(await redis.xlen(stream), 1);
        for (const proxy of proxies) proxy.loseReplies();
        await t.throwsAsync(redis.xadd(stream, '*', ...entryFields({ subject: 'once' })), unavailable);
        for (const proxy of proxies) proxy.heal();
        t.is(await until('its node answers', () => redis.xlen(stream)), 2, 'it was carried out, once');
      }
    });
  },
);

test.serial(
  'while every node is stopped, commands fail soon; they go on when the nodes are back',
  async (t) => {
    await withClusterClients(async ({ open, stack }) => {
      const redis = await open('user-service');
      await stack.redis.stop();
      for (let time = 0; time < 5; time++) {
        const start = performance.now();
        await t.throwsAsync(redis.xlen(userEvents.key(time)), unavailable);
        t.true(performance.now() - start < 5000);
      }
      await stack.redis.start();
      for (let partition = 0; partition < partitions; partition++) {
        const isBack = async () => (await redis.xlen(userEvents.key(partition))) === 0;
        await until(`partition ${partition} is served again`, isBack);
      }
    });
  },
);

test.serial(
  'nodes whose addresses have all changed are found again by the names that were given, some of them wrong',
  async (t) => {
    await withClusterClients(async ({ open, stack, proxies }) => {
      const ports = stack.ports.cluster ?? [];
      const redis = await open('user-service', `127.0.0.1:1,127.0.0.1:${ports[4]}`);
      const stream = userEvents.key(0);
      t.is(await redis.xlen(stream), 0);
      const moved = await Promise.all(ports.map(tcpProxy));
      try {
        for (const [at, port] of ports.entries()) await announce(port, moved[at] as TcpProxy);
        for (const proxy of proxies) proxy.refuse();
        await until('the partition is served', async () => (await redis.xlen(stream)) === 0, 25_000);
      } finally {
        for (const proxy of moved) await proxy.close();
      }
    });
  },
);

/** Has a node tell others to reach it through another proxy. */
async function announce(node: number, { port }: TcpProxy): Promise<void> {
  const redis = new Redis(node, '127.0.0.1');
  try {
    await redis.config('SET', 'cluster-announce-port', port);
  } finally {
    redis.disconnect();
  }
}

/**
 * Has a partition on its way from the master that has it to another, with nothing moved yet, while something runs. That is
 * given what clients reach the other master through, and what calls the move off.
 */
async function whileMoving(
  { stack, proxies }: ClientWorld,
  partition: number,
  run: (target: TcpProxy, callOff: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const nodes = (stack.ports.cluster ?? []).slice(0, 3).map((port) => new Redis(port, '127.0.0.1'));
  try {
    const slot = await (nodes[0] as Redis).cluster('KEYSLOT', hashTag(partition));
    const has = await Promise.all(nodes.map((node) => node.exists(userEvents.key(partition)).catch(() => 0)));
    const from = has.indexOf(1);
    const to = (from + 1) % nodes.length;
    const ids = await Promise.all(nodes.map((node) => node.cluster('MYID')));
    await nodes[to]?.cluster('SETSLOT', slot, 'IMPORTING', ids[from] as string);
    await nodes[from]?.cluster('SETSLOT', slot, 'MIGRATING', ids[to] as string);
    await run(proxies[to] as TcpProxy, async () => {
      for (const node of nodes) await node.cluster('SETSLOT', slot, 'STABLE');
    });
  } finally {
    for (const node of nodes) node.disconnect();
  }
}

test.serial(
  'while a partition moves, what it cannot do now is unavailable, and the rest is done',
  async (t) => {
    await withClusterClients(async (world) => {
      const redis = await world.open('user-service');
      const store = userStore({ redis, writer: redis, layout: firstLayout(partitions) });
      const there = idIn(7);
      await store.create(ada(there), context);
      await whileMoving(world, 7, async (_, callOff) => {
        t.is(await store.find(idIn(7)), undefined, 'the new master is asked, under ASKING');
        const start = performance.now();
        // Its stream is at the old master, its record at none.
        await t.throwsAsync(store.create(ada(idIn(7)), context), unavailable);
        t.true(performance.now() - start < 5000);
        t.truthy(await store.find(there));
        await callOff();
        t.truthy(await store.create(ada(idIn(7)), context));
      });
    });
  },
);

test.serial(
  'a connection that is cut while a node is asked in the place of another ends only what was asked',
  async (t) => {
    await withClusterClients(async (world) => {
      const redis = await world.open('user-service');
      const store = userStore({ redis, writer: redis, layout: firstLayout(partitions) });
      await store.create(ada(idIn(7)), context);
      await whileMoving(world, 7, async (target) => {
        let cut = 0;
        for (let time = 0; time < 40; time++) {
          if (time % 2 === 0) target.refuse();
          else target.loseRequests();
          const asked = Array.from({ length: 5 }, () => store.find(idIn(7)));
          for (const outcome of await Promise.allSettled(asked)) {
            if (outcome.status === 'fulfilled') continue;
            t.true(outcome.reason instanceof RedisUnavailable, String(outcome.reason));
            cut += 1;
          }
          target.heal();
        }
        t.true(cut > 0);
        await until('it is asked again', async () => (await store.find(idIn(7))) === undefined);
      });
    });
  },
);

test.serial('a client that is closed while it asks who has what does not go on asking', async (t) => {
  await withClusterClients(async ({ open }) => {
    const redis = (await open('user-service')) as Cluster;
    // As ioredis asks in its rounds: the next begins when this one is answered.
    redis.refreshSlotsCache(() => t.fail('it goes on'));
    const answered = new Promise((resolve) => Cluster.prototype.refreshSlotsCache.call(redis, resolve));
    redis.disconnect();
    await answered;
    t.pass();
  });
});
