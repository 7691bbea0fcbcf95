import test from 'ava';
import { Redis } from 'ioredis';
import { masters } from '../stack/cluster.ts';
import { startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { openTestRedis } from '../stack/redis.ts';
import { createStack, type Stack } from '../stack/stack.ts';
import { untilTold } from '../stack/until.ts';

// The nodes by themselves, and what `npm run events -- cluster` tells of them.

interface Row {
  node: string;
  role: 'master' | 'replica';
  state: string;
  master?: string;
  partitions: number[];
  keys?: number;
  memory?: number;
  lag?: number;
}

interface Nodes {
  stack: Stack;
  /** What the command tells, as it is printed or a row a node. */
  told(): Promise<string>;
  rows(): Promise<Row[]>;
  /** The part that listens at an address. */
  partAt(node: string): Part;
}

async function withNodes(run: (nodes: Nodes) => Promise<void>, nodes = 6): Promise<void> {
  const stack = await createStack({ cluster: { nodes } });
  const told = async (...args: string[]) => {
    const { code, output, errors } = await startCommand('events', stack, ['cluster', ...args], 24).result;
    if (code !== 0) throw new Error(errors);
    return output.trim();
  };
  const rows = async () => (await told('--json')).split('\n').map((line) => JSON.parse(line) as Row);
  try {
    await stack.redis.start();
    // A node hears from each other one what that is and has, which may take a second.
    await untilTold('all are known as what they are', async () => {
      const found = await rows();
      const replicas = found.filter(({ role }) => role === 'replica');
      return replicas.length === nodes - masters && found.flatMap((row) => row.partitions).length === 24;
    });
    await run({
      stack,
      told,
      rows,
      partAt: (node) => stack.nodes[(stack.ports.cluster ?? []).indexOf(Number(node.split(':')[1]))] as Part,
    });
  } finally {
    await stack.stop();
  }
}

/** Has the nodes agree that one of them has failed after so many milliseconds in which it does not answer. */
async function agreeAfter({ ports }: Stack, ms: number): Promise<void> {
  for (const port of ports.cluster ?? []) {
    const redis = new Redis(port, '127.0.0.1');
    try {
      await redis.config('SET', 'cluster-node-timeout', ms);
    } finally {
      redis.disconnect();
    }
  }
}

test.serial(
  'each master has a third of the partitions, and a replica that signs in as one and has all of it',
  async (t) => {
    await withNodes(async ({ stack, told, rows }) => {
      const redis = openTestRedis(stack);
      for (let partition = 0; partition < 24; partition++) await redis.set(`user:{${partition}}:x`, 'kept');
      const all = await untilTold('every replica has everything', async () => {
        const found = await rows();
        return found.every(({ keys, lag = 0 }) => keys === 8 && lag === 0) && found;
      });
      for (const [at, { role, state, master, partitions, memory = 0, lag }] of all.entries()) {
        t.is(role, at % 2 === 0 ? 'master' : 'replica');
        t.is(state, 'ok');
        t.is(partitions.length, role === 'master' ? 8 : 0);
        t.is(master, role === 'master' ? undefined : all[at - 1]?.node);
        t.is(lag, role === 'master' ? undefined : 0);
        t.true(memory > 1_000_000);
      }
      t.is(new Set(all.flatMap(({ partitions }) => partitions)).size, 24);
      const lines = (await told()).split('\n');
      t.regex(lines[0] ?? '', /^node +role +state +master +partitions +keys +MiB +lag \(bytes\)$/);
      t.is(lines.length, 7);
      const clients = (await redis.client('LIST')) as string;
      t.is(clients.match(/ flags=S .* user=replica /g)?.length, 3);
      t.deepEqual(await redis.acl('LOG'), []);
      redis.disconnect();
    });
  },
);

test.serial(
  'the partitions of a master that dies go to its replica, and what is away is shown as that',
  async (t) => {
    await withNodes(async ({ stack, rows, partAt }) => {
      const [master, replica, , other] = (await rows()) as [Row, Row, Row, Row];
      const find = async ({ node }: Row) => (await rows()).find((row) => row.node === node);
      // Later than the command asks them.
      await agreeAfter(stack, 60_000);
      partAt(other.node).freeze();
      t.is((await find(other))?.state, 'away');
      partAt(other.node).thaw();
      await agreeAfter(stack, 2000);
      partAt(master.node).kill('SIGKILL');
      await untilTold('the replica has them', async () => (await find(replica))?.partitions.length === 8);
      await untilTold('all see that it is away', async () => (await find(master))?.state === 'failed');
      t.deepEqual((await find(master))?.partitions, []);
      await partAt(master.node).start();
      await untilTold('the old master is a replica now', async () => {
        const { role, master: of, state, lag } = (await find(master)) as Row;
        return role === 'replica' && of === replica.node && state === 'ok' && lag === 0;
      });
    });
  },
);

test.serial(
  'a master that has lost its replica, or has taken the place of its master, is given a spare one',
  async (t) => {
    await withNodes(async ({ rows, partAt }) => {
      const all = await rows();
      const replicasOf = (node: string) => all.filter(({ master }) => master === node);
      const master = all.find(({ role, node }) => role === 'master' && replicasOf(node).length === 1) as Row;
      const [replica] = replicasOf(master.node) as [Row];
      partAt(master.node).kill('SIGKILL');
      const spare = await untilTold('the new master has a replica', async () =>
        (await rows()).find(({ master: of, state }) => of === replica.node && state === 'ok'),
      );
      t.is(all.filter((row) => row.master === all.find(({ node }) => node === spare.node)?.master).length, 2);
    }, 7);
  },
);

test.serial('where there is no cluster, the command says so', async (t) => {
  const { code, errors } = await startCommand('events', { ports: { redis: 1 } }, ['cluster']).result;
  t.is(code, 2);
  t.regex(errors, /^No node of a Redis Cluster answers: .*\n$/);
});
