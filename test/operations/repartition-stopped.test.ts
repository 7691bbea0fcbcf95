import test, { type ExecutionContext } from 'ava';
import { firstLayout, partitionOf, userEvents } from 'shared-events';
import { fence, openFences } from '../../shared-events/src/streams/fence.ts';
import { hashOf } from '../faults/script-hash.ts';
import { type TcpProxy, tcpProxy } from '../faults/tcp-proxy.ts';
import { untilReady } from '../stack/api.ts';
import { killAt, startCommand } from '../stack/commands.ts';
import { entryFields, untilUnlocked } from '../stack/redis.ts';
import { until, untilTold } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';

// A change of the layout that is stopped at a bad moment, and what people do then.

const switched = hashOf('shared-events/src/repartition/lua/change-step.lua');
/** Is in the script itself, which is sent when Redis does not know it by its hash. */
const switching = 'Takes a change of the layout one step further';

interface StoppedWorld extends World {
  /** Runs the command, when no other is remembered, and expects it to end with this. */
  run(args: string[], code: number, words: RegExp): Promise<void>;
  /** Runs the command through a proxy until `reach` says so, and kills it there. */
  kill(args: string[], reach: (proxy: TcpProxy, reached: () => void) => void): Promise<void>;
}

const withStopped = (t: ExecutionContext, run: (world: StoppedWorld) => Promise<void>): Promise<void> =>
  withStack(async (world) => {
    const { stack, redis } = world;
    const proxy = await tcpProxy(stack.ports.redis);
    try {
      await run({
        ...world,
        async run(args, code, words) {
          await untilUnlocked(redis);
          const found = await startCommand('repartition', stack, args).result;
          t.is(found.code, code, `${args.join(' ')}: ${found.output}${found.errors}`);
          t.regex(found.output + found.errors, words);
        },
        async kill(args, reach) {
          await untilUnlocked(redis);
          const reached = Promise.withResolvers<void>();
          reach(proxy, reached.resolve);
          const command = startCommand('repartition', { ports: { redis: proxy.port } }, args);
          await killAt(command, reached.promise);
          proxy.heal();
        },
      });
    } finally {
      await proxy.close();
    }
  });

test('a change whose last reply was lost is made, and loses nothing that was written since', async (t) => {
  await withStopped(t, async ({ gateway, redis, user, run, kill }) => {
    await user();
    await kill(['--to', '3'], (proxy, reached) => proxy.holdReply(switching, reached));
    t.is(await redis.get('partitions'), '3 1');
    const late = await until('the new layout is served', user);
    await run(['--back'], 2, /lost: 1\. Give --discard/);
    await run(['--to', '3'], 0, /has 3 partitions already/);
    await run(['--verify'], 0, /: 0 differences/);
    await run(['--drop-old'], 0, /keys removed/);
    t.is((await gateway.get(`/users/users/${late.id}`)).status, 200);
  });
});

test('when the old layout is being removed, there is no way but to go on with that', async (t) => {
  await withStopped(t, async ({ gateway, user, run, kill }) => {
    const ada = await user();
    await run(['--to', '3'], 0, /1 → 3 partitions/);
    await kill(['--drop-old'], (proxy, reached) => proxy.holdRequest('unlink', reached));
    await run(['--back', '--discard'], 2, /run --drop-old again/);
    await run(['--to', '3'], 2, /run --drop-old again/);
    await run(['--verify'], 2, /run --drop-old again/);
    await run(['--drop-old'], 0, /keys removed/);
    t.is((await gateway.get(`/users/users/${ada.id}`)).status, 200);
  });
});

test('when a change is being taken back, there is no way but to go on with that; then it can be made anew', async (t) => {
  await withStopped(t, async ({ gateway, redis, user, run, kill }) => {
    const ada = await user();
    await run(['--to', '3'], 0, /1 → 3 partitions/);
    const late = await until('the new layout is served', user);
    await kill(['--back', '--discard'], (proxy, reached) => proxy.holdRequest('unlink', reached));
    await run(['--to', '3'], 2, /run --back again/);
    await run(['--drop-old'], 2, /run --back again/);
    await run(['--back'], 0, /has 1 partition again/);
    await until('nothing is left of the new layout', async () => (await redis.keys('*.1}*')).length === 0);

    await run(['--to', '3'], 0, /1 → 3 partitions/);
    t.is(await redis.get('partitions'), '3 2', 'what was taken back has left nothing in a new one');
    await run(['--verify'], 0, /: 0 differences/);
    await untilReady(gateway);
    t.is((await gateway.get(`/users/users/${ada.id}`)).status, 200);
    t.is((await gateway.get(`/users/users/${late.id}`)).status, 404);
  });
});

test('what is answered while a change is taken back is not lost', async (t) => {
  await withStopped(t, async ({ stack, gateway, redis, run }) => {
    await run(['--to', '2'], 0, /1 → 2 partitions/);
    const write = () => gateway.post('/users/users', { name: 'Ada', email: 'ada@example.com' });
    const { child, result } = startCommand('repartition', stack, ['--back']);
    await until(
      'nobody may read or write for a moment',
      // This process may be held up for as long as that lasts.
      async () => child.exitCode !== null || (await redis.exists('{partitions}:closed')) === 1,
    );
    const made: string[] = [];
    await until('the command ends', async () => {
      const answer = await write();
      if (answer.status === 201) made.push(answer.json<{ id: string }>().id);
      return Promise.race([result, undefined]);
    });
    const { code, output, errors } = await result;
    t.true(code === 0 || /would be lost|It took too long/.test(errors), output + errors);
    await until('it is served', async () => (await write()).status === 201);
    for (const id of made) t.is((await gateway.get(`/users/users/${id}`)).status, 200);
  });
});

test('a dead letter that is dropped before a change is run again does not come back', async (t) => {
  await withStopped(t, async ({ redis, user, run, kill }) => {
    const { id } = await user();
    await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed', subject: id }));
    const letters = 'user-events:{0}:dead:cascade';
    await until('it is a dead letter', async () => (await redis.xlen(letters)) === 1);
    await kill(['--to', '2'], (proxy, reached) => proxy.holdRequest(switched, reached));
    const copied = (await redis.keys('user-events:{*.1}:dead:cascade'))[0] ?? '';
    t.is(await redis.xlen(copied), 1);
    const [letter] = await redis.xrange(letters, '-', '+');
    await redis.xdel(letters, letter?.[0] ?? '');
    await run(['--to', '2'], 0, /1 → 2 partitions/);
    t.is(await redis.exists(copied), 0);
  });
});

test('a comparison passes by what was compacted since, and tells of what is missing else', async (t) => {
  await withStopped(t, async ({ stack, gateway, redis, user, run }) => {
    const { id, name } = await user();
    for (const title of ['Dr.', 'Prof.']) {
      const changed = { name: `${title} ${name}`, email: 'ada@example.com' };
      t.is((await gateway.put(`/users/users/${id}`, changed)).status, 200);
    }
    await run(['--to', '2'], 0, /1 → 2 partitions/);
    const stream = userEvents.key(partitionOf(id, { partitions: 2, generation: 1 }));
    await untilTold('what is superseded is removed', async () => {
      const { code } = await startCommand('events', stack, ['compact', '--older-than', '0s']).result;
      return code === 0 && (await redis.xlen(stream)) < 3;
    });
    await run(['--verify'], 0, /: 0 differences/);
    const [last] = await redis.xrevrange(stream, '+', '-', 'COUNT', 1);
    await redis.xdel(stream, last?.[0] ?? '');
    await run(['--verify'], 1, /: 2 differences/);
  });
});

test('a fence is put up by nobody but who changes the layout, and stays around what is not served any more', async (t) => {
  await withStopped(t, async ({ redis, user, run }) => {
    await user();
    const stream = 'user-events:{0}';
    await t.throwsAsync(fence({ redis, stream }, 'somebody'), { code: 'lock_lost' } as never);
    await user();
    await run(['--to', '2'], 0, /1 → 2 partitions/);
    await untilUnlocked(redis);
    t.deepEqual(await openFences(redis, [stream], firstLayout(1)), []);
    await t.throwsAsync(redis.xadd(stream, '*', ...entryFields({})), { message: /last possible ID/ });
  });
});
