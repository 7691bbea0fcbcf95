import test from 'ava';
import { type FaultOf, surviveIn } from '../faults/survive.ts';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { openSentinelWorld, type SentinelWorld } from './world.ts';

// A master with two replicas that Sentinels watch, with writes that both have before they are answered.

/** How long Sentinels may take to have another master, in milliseconds: a try that fails is made again after 20 seconds. */
const failover = 60_000;

const faults: FaultOf<SentinelWorld>[] = [
  {
    name: 'the master that Sentinels watch is killed, and comes back as a replica',
    async inject(world) {
      const before = await world.master();
      before.freeze();
      await until('another is the master', async () => (await world.master()) !== before, failover);
      before.kill('SIGKILL');
      await world.untilWhole();
    },
  },
  {
    name: 'Sentinels make a replica the master because somebody asks for it',
    async inject(world) {
      await world.failOver();
      await world.untilWhole();
    },
  },
];

surviveIn(openSentinelWorld, faults);

test.serial('services and commands find the master through Sentinels', async (t) => {
  const world = await openSentinelWorld();
  try {
    await world.untilHealthy();
    const { code, output, errors } = await startCommand('events', world.stack, ['lag']).result;
    t.is(code, 0, errors);
    t.regex(output, /user-events:\{0\} +group cascade/);
  } finally {
    await world.close();
  }
});
