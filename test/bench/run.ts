import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../stack/parts.ts';
import { type Bench, createStacks } from './bench.ts';
import { measureCluster } from './cluster.ts';
import { measureConsole } from './console.ts';
import { measureGrowth } from './growth.ts';
import { measureList } from './list.ts';
import { thisMachine } from './machine.ts';
import { help, type Options, type PartName, readOptions } from './options.ts';
import { watchOthers } from './others.ts';
import { buildPeers, peerNames } from './peers.ts';
import { writeReadme } from './readme.ts';
import { report } from './report.ts';
import { type PartResults, saveResults } from './results.ts';
import { measureRoutes } from './routes.ts';
import { full, quick } from './settings.ts';
import { measureSoak } from './soak.ts';
import { measureStart } from './start.ts';
import { measureStreams } from './streams.ts';

// `npm run bench`: measures the system on this machine, and draws what it measured.

const parts: { [Name in PartName]: (bench: Bench) => Promise<PartResults[Name]> } = {
  start: measureStart,
  routes: measureRoutes,
  list: measureList,
  growth: measureGrowth,
  streams: measureStreams,
  console: measureConsole,
  cluster: measureCluster,
  soak: measureSoak,
};

const say = (line: string) => process.stdout.write(`${line}\n`);
/** What goes on, for who waits; the tables alone go to the output. */
const tell = (line: string) => process.stderr.write(`  ${line}\n`);

/** How long a part may take to clear up when it is stopped, in milliseconds. */
const clearingUp = 3000;

const presetFolder = join(root, 'test/bench');

let options: Options;
try {
  options = readOptions(process.argv.slice(2), presetFolder);
  if (options.peers && !options.help) buildPeers();
} catch (error) {
  process.stderr.write(`${(error as Error).message.split('\n')[0]}\n`);
  process.exit(2);
}
if (options.help) say(help);
else process.exit(await main(options));

/** Resolves to the exit code. */
async function main(options: Options): Promise<number> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stacks = createStacks();
  const interrupted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason)),
  );
  const stop = () => {
    // Who presses twice does not wait; the system ends the parts of a stack with this process.
    if (signal.aborted) process.exit(130);
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const { against, minutes } = options;
  const settings = options.quick ? quick : full;
  const peers = options.peers ? peerNames : [];
  const running = measureAll(options, { settings, against, peers, minutes, signal, say: tell, stacks });
  try {
    await Promise.race([running, interrupted]);
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    return 1;
  } finally {
    stopping.abort();
    await stacks.stopAll();
    // What a part still waits for then is not worth waiting for: all it started ends with this process.
    await Promise.race([Promise.allSettled([running]), delay(clearingUp)]);
  }
}

/** Each part's results are saved when it ends, so that a run that is stopped keeps what it has. */
async function measureAll(options: Options, bench: Bench): Promise<void> {
  const start = performance.now();
  for (const name of options.only) await measurePart(name, options, bench);
  say(`\nIt took ${Math.round((performance.now() - start) / 1000)} s.`);
  if (options.to !== undefined) say(`See results.json and results.svg in ${options.to}.`);
}

async function measurePart<Name extends PartName>(name: Name, { to }: Options, bench: Bench): Promise<void> {
  const start = performance.now();
  tell(`${name} …`);
  const tellOthers = watchOthers();
  const result = await parts[name](bench);
  const others = tellOthers();
  const beside =
    others === undefined ? '' : `; other processes took ${Math.round(others * 100)}% of the processors`;
  say(`\n${name} (${Math.round((performance.now() - start) / 1000)} s${beside})`);
  for (const line of report(name, result)) say(line);
  if (to !== undefined) {
    const date = new Date().toISOString();
    const results = saveResults(to, {
      [name]: { date, machine: thisMachine(), ...(others !== undefined && { others }), ...result },
    });
    if (to === presetFolder) writeReadme(name, results);
  }
}
