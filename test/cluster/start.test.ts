import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { User } from 'shared-events';
import { api, seed } from '../stack/api.ts';
import { freePorts } from '../stack/stack.ts';
import { nodeStart, untilReady, withFolder } from '../stack/started.ts';
import { until } from '../stack/until.ts';

// `npm run start:cluster` as its user meets it.

const clusterStart = [...nodeStart, '--cluster'];

test('it starts six nodes, says how to fail a master over, and finds everything when it is started again', async (t) => {
  await withFolder(async (start) => {
    const { cluster = [], ...ports } = await freePorts({});
    const gateway = api(`http://127.0.0.1:${ports.gateway}`);
    const { user, task } = seed(gateway);
    const first = start(ports, clusterStart);
    await untilReady(first);
    const made: User[] = [];
    for (let n = 0; n < 10; n++) made.push(await user({ name: `User ${n}` }));
    for (const { id } of made) await task(id);

    const begun = () => first.output().match(/ consuming .* partitions=\S+/g) ?? [];
    await until('it says that it consumes', () => begun().length > 0);
    // One, or a few on a busy machine.
    t.true(begun().length < 8, begun().join('\n'));

    const [, port = ''] = /^ {2}Failover +redis-cli -p (\d+) CLUSTER FAILOVER$/m.exec(first.output()) ?? [];
    t.is(Number(port), Number(cluster[3]));
    const ask = (...command: string[]) =>
      spawnSync('redis-cli', ['-p', port, ...command], { encoding: 'utf8' }).stdout;
    const isMaster = () => ask('ROLE').startsWith('master');
    // Redis gives up on a failover that takes over five seconds, as it may on a busy machine.
    await until('the replica is a master', () => {
      ask('CLUSTER', 'FAILOVER');
      return until('the master is replaced', isMaster, 6000);
    });
    first.process.kill('SIGINT');
    t.is(await first.ended, 0);

    const second = start(ports, clusterStart);
    await untilReady(second);
    t.true(isMaster(), 'nodes keep their places');
    for (const each of made) {
      const { user: kept, tasks } = (await gateway.get(`/users/users/${each.id}/tasks`)).json<{
        user: User;
        tasks: object[];
      }>();
      t.deepEqual(kept, each);
      t.is(tasks.length, 1);
    }
    second.process.kill('SIGINT');
    t.is(await second.ended, 0);
  });
});
