import test from 'ava';
import { Redis } from 'ioredis';
import { assertProblem } from '../e2e/problem.ts';
import { api, seed } from '../stack/api.ts';
import { createStack, type Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';

// Services on a cluster that lacks nodes: what they answer, and what they say they lack.

async function withCluster(
  run: (world: { stack: Stack } & ReturnType<typeof seed>) => Promise<void>,
): Promise<void> {
  const stack = await createStack({ cluster: {}, env: { LOG_LEVEL: 'fatal' } });
  try {
    await stack.start();
    await run({ stack, ...seed(api(stack.urls.gateway)) });
  } finally {
    await stack.stop();
  }
}

const metricOf = async (url: string, name: string) => {
  const text = (await api(url).get('/metrics', { Accept: 'text/plain' })).text;
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};

/** Waits until the replica of a master has said that it has everything. */
async function untilConfirmed(port: number): Promise<void> {
  const redis = new Redis(port, '127.0.0.1');
  const offsetIn = (text: string, pattern: RegExp) => pattern.exec(text)?.[1];
  try {
    await until('the replica has said that it has everything', async () => {
      const told = await redis.info('replication');
      return offsetIn(told, /^master_repl_offset:(\d+)/m) === offsetIn(told, /^slave0:.*,offset=(\d+)/m);
    });
  } finally {
    redis.disconnect();
  }
}

test.serial(
  'what no replica has is not answered, be it new, a repetition or no change; reads are, meanwhile',
  async (t) => {
    await withCluster(async ({ stack, user }) => {
      const gateway = api(stack.urls.gateway);
      const { id } = await user({ name: 'Ada', email: 'ada@example.com' });
      const body = { name: 'Grace', email: 'grace@example.com' };
      const key = { 'Idempotency-Key': 'one and the same' };
      const first = await gateway.post('/users/users', body, key);
      t.is(first.status, 201);
      const replicas = stack.nodes.slice(3);
      // Whoever asks on another connection, about what was written before, is told yes from now on.
      for (const port of (stack.ports.cluster ?? []).slice(0, 3)) await untilConfirmed(port);
      for (const replica of replicas) replica.freeze();
      const start = performance.now();
      const writes = await Promise.all([
        gateway.post('/users/users', body, key),
        gateway.post('/users/users', body),
        gateway.put(`/users/users/${id}`, { name: 'Ada', email: 'ada@example.com' }),
        gateway.put(`/users/users/${id}`, body),
        gateway.post('/tasks/tasks', { userId: id, title: 'Buy milk' }),
      ]);
      t.true(performance.now() - start < 5000);
      for (const answer of writes) assertProblem(t, answer, 503, 'redis_unavailable');
      t.true((await metricOf(stack.urls.users, 'redis_unconfirmed_total')) > 0);
      let late = 0;
      for (let time = 0; time < 20; time++) {
        const asked = performance.now();
        t.is((await gateway.get(`/users/users/${id}`)).status, 200);
        if (performance.now() - asked >= 500) late += 1;
      }
      // A busy machine may hold up some, but what waits for replicas holds up each.
      t.true(late < 10, `${late} are late`);
      for (const replica of replicas) replica.thaw();
      await until(
        'writes are answered',
        async () => (await gateway.post('/users/users', body)).status === 201,
      );
      const again = await until('the repetition is answered', async () => {
        const answer = await gateway.post('/users/users', body, key);
        return answer.status === 201 && answer;
      });
      t.is(again.text, first.text);
    });
  },
);

test.serial(
  'a service is ready as long as one partition is served, names those that are not, and serves the others',
  async (t) => {
    await withCluster(async ({ stack }) => {
      const gateway = api(stack.urls.gateway);
      const create = async () =>
        (await gateway.post('/users/users', { name: 'A', email: 'a@example.com' })).status;
      const missing = async () => {
        const ready = [await gateway.get('/users/ready'), await gateway.get('/tasks/ready')];
        return ready.map(({ status, text }) => ({ status, missing: JSON.parse(text).missing ?? [] }));
      };
      const untilNothingIsMissing = () =>
        until('nothing is missing', async () => {
          const found = await missing();
          return found.every((each) => each.status === 200 && each.missing.length === 0);
        });
      await untilNothingIsMissing();
      // The first shard has the number of partitions, without which no service begins.
      const [, master, , , replica] = stack.nodes;
      for (const node of [master, replica]) {
        node?.kill('SIGKILL');
        await node?.ended();
      }
      for (const { status, missing: told } of await missing()) {
        t.is(status, 200);
        t.is(told.length, 1);
        t.regex(told[0], /^redis for partitions \d+(, \d+){7}$/);
      }
      const statuses = new Set<number>();
      for (let n = 0; n < 60; n++) statuses.add(await create());
      t.deepEqual([...statuses].sort(), [201, 503]);
      await stack.tasks.stop();
      await stack.tasks.start();
      t.is((await gateway.get('/tasks/ready')).status, 200, 'a service that starts meanwhile as well');

      for (const node of [master, replica]) await node?.start();
      await untilNothingIsMissing();
      for (let n = 0; n < 60; n++) t.is(await create(), 201);

      const only = stack.nodes[5];
      only?.kill('SIGKILL');
      await only?.ended();
      await until('it is told which partitions lack a replica', async () =>
        (await missing()).every(
          ({ status, missing: [told = ''] }) =>
            status === 200 && /^writes to redis for partitions \d+(, \d+){7}$/.test(told),
        ),
      );
    });
  },
);
