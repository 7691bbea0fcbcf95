import { parseArgs } from 'node:util';
import { Cluster, type Redis } from 'ioredis';
import { type CommonConfig, commonConfig, nodesIn, readConfig } from '../config.ts';
import { Failure } from '../failure.ts';
import { exclusively } from '../redis/exclusive.ts';
import { layoutKey, moverKey, parseLayout } from '../redis/layout.ts';
import { type ChangeState, nextGeneration, readChange } from '../repartition/change-state.ts';
import { command, connectTo, holderOf, say } from './command.ts';
import { counted } from './counted.ts';
import { back, drop, move, verify } from './repartition-steps.ts';

const help = `Changes the number of partitions of the data, or moves the data into a Redis Cluster, while it is read and written.

  npm run repartition -- --to 24                    into 24 partitions, in the same Redis; a multiple of what it has
  npm run repartition -- --to 24 --into NODES       into a cluster that has no data yet; NODES are some of its nodes:
                                                    10.0.0.1:6379,10.0.0.2:6379
  … --from HOST:PORT                                take it from there, and not from where the environment says
  npm run repartition -- --verify                   compare the new layout with the old; exit code 1 if they differ
  npm run repartition -- --back                     serve the old layout again; --discard if that loses new entries
  npm run repartition -- --drop-old                 remove the old layout, so that there is no way back

It may be stopped at any moment and run again. At its end nothing can be written for a moment.
Environment: REDIS_HOST and REDIS_PORT, where the data is, REDIS_USERNAME, REDIS_PASSWORD and REDIS_TLS, as for the services;
REDIS_REPLICAS, how many replicas must have what was copied before it is served.`;

const options = {
  to: { type: 'string' },
  into: { type: 'string' },
  from: { type: 'string' },
  verify: { type: 'boolean' },
  back: { type: 'boolean' },
  discard: { type: 'boolean' },
  'drop-old': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

await command(async () => {
  const { values } = parseArgs({ options });
  const chosen = [values.to, values.verify, values.back, values['drop-old']].filter(Boolean);
  if (values.help || chosen.length !== 1) return void say(help);
  const config = sourceOf(readConfig(commonConfig, process.env), values.from);
  const source = await connectTo(config);
  let target = source;
  try {
    if (source instanceof Cluster) {
      throw new Failure(
        'from_cluster',
        'The data of a cluster cannot be moved: only from one Redis, into itself or a cluster.',
      );
    }
    const holder = holderOf('repartition');
    await exclusively({ redis: source, key: moverKey, holder }, async (signal, isHeld) => {
      const before = await readChange(source);
      const state =
        values.to === undefined ? begun(before) : await wanted(source, before, values.to, values.into);
      if (state.into !== '')
        target = await connectTo({ ...config, REDIS_CLUSTER: state.into, REDIS_SENTINELS: undefined });
      const checkLock = () => {
        if (!isHeld()) signal.throwIfAborted();
      };
      const change = { source, target, state, holder, checkLock, replicas: config.REDIS_REPLICAS };
      if (values.verify) await verify(change);
      else if (values.back) await back(change, values.discard === true);
      else if (values['drop-old']) await drop(change);
      else await move(change, signal);
    });
  } finally {
    source.disconnect();
    target.disconnect();
  }
});

/** Returns the configuration with the Redis that data is taken from, if one was named. */
function sourceOf(config: CommonConfig, from: string | undefined): CommonConfig {
  if (from === undefined) return config;
  const [node, ...others] = nodesIn(from) ?? [];
  if (node === undefined || others.length > 0) {
    throw new Failure('no_nodes', `--from ${from}: give a Redis such as 10.0.0.1:6379.`);
  }
  const nowhere = { REDIS_CLUSTER: undefined, REDIS_SENTINELS: undefined };
  return { ...config, ...nowhere, REDIS_HOST: node.host, REDIS_PORT: node.port };
}

function begun(state: ChangeState | undefined): ChangeState {
  if (state) return state;
  throw new Failure('no_change', 'No change of the layout was begun, or the old layout was dropped.');
}

/** Resolves to the change that is asked for: the one that was begun, or a new one. */
async function wanted(
  source: Redis,
  before: ChangeState | undefined,
  to: string,
  into = '',
): Promise<ChangeState> {
  const partitions = Number(to);
  if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= 64)) {
    throw new Failure('no_number', `--to ${to}: give a whole number from 1 to 64.`);
  }
  if (into !== '' && nodesIn(into) === undefined) {
    throw new Failure('no_nodes', `--into ${into}: give nodes such as 10.0.0.1:6379,10.0.0.2:6379.`);
  }
  if (before) {
    if (before.to.partitions === partitions && before.into === into) return before;
    throw new Failure(
      'another_change',
      `A change to ${counted(before.to.partitions, 'partition')}${before.into && ` in ${before.into}`} was begun: go on with it, or take it back with --back, or end it with --drop-old.`,
    );
  }
  const text = (await source.get(layoutKey)) ?? '1';
  const from = parseLayout(text);
  if (from === undefined) throw new Failure('moved', 'The data was moved to another Redis.');
  if (into === '' && from.partitions === partitions) {
    throw new Failure('no_change', `The data has ${counted(partitions, 'partition')} already.`);
  }
  const generation = into === '' ? await nextGeneration(source, from.generation) : 0;
  return { from, to: { partitions, generation }, into, phase: 'new' };
}
