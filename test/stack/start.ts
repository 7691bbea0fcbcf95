import { startDemo } from '../demo/demo.ts';
import { ensureInstalled } from './install.ts';
import { printer } from './print.ts';
import { createStack, type Stack } from './stack.ts';
import { help, inspectPorts, readStartOptions, type StartOptions, typed } from './start-options.ts';
import { lockData, refuseBusyPorts } from './vacant.ts';
import { restartOnChange } from './watch.ts';
import { reminder, welcome } from './welcome.ts';

// `npm start`: the whole system on this machine, until Ctrl+C, or until whatever started it ends. `npm run dev` (--watch)
// also restarts a service when its source changes. `npm run demo` (--demo) has people who use it, and a user service that is
// away now and then. `npm run start:cluster` (--cluster) has a Redis Cluster of six nodes in place of the one Redis.

const { onLine, say, flush, keepInSight } = printer(process.stdout);

try {
  const options = readStartOptions(process.argv.slice(2), process.env);
  if (options.help) say(help);
  else await run(options);
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  flush();
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

async function run(options: StartOptions): Promise<void> {
  const { ports, dataDir, cluster, watch, inspect, instances } = options;
  await refuseBusyPorts(ports);
  await lockData(dataDir);
  ensureInstalled(say);

  say(`Starting Redis, both services and the gateway, with the data in ${typed(dataDir)}`);
  const start = performance.now();
  const stack = await createStack({
    ports,
    dir: dataDir,
    supervised: !watch,
    instances: { users: instances, tasks: instances },
    onLine,
    ...(cluster && { cluster: {}, env: given('PARTITIONS', 'REDIS_REPLICAS') }),
    ...(inspect && {
      envOf: (service, instance) => ({
        NODE_OPTIONS: `--inspect=127.0.0.1:${inspectPorts[service] + 2 * instance}`,
      }),
    }),
  });
  const end = endOf(stack);
  await stack.start().catch((failure) => {
    if (!end.hasBegun()) throw failure;
  });
  if (end.hasBegun()) return;
  if (watch) restartOnChange(stack, say);
  say(welcome(options, (performance.now() - start) / 1000));
  keepInSight(reminder(options));
  if (options.demo !== undefined) end.before(startDemo({ stack, rate: options.demo, say, fail }));
}

/** Those of some variables that this process was given. */
function given(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Stops the stack in order, and this process with it, at a signal or when nobody is there any more to send one. */
function endOf(stack: Stack) {
  let since: number | undefined;
  let before = async () => {};
  const stop = async () => {
    if (since !== undefined) return;
    since = performance.now();
    say('\nStopping; the data is kept. Press Ctrl+C again to end at once.');
    await before();
    await stack.stop();
    process.exit(0);
  };
  const endAtOnce = async () => {
    for (const part of stack.parts) part.kill('SIGKILL');
    for (const part of stack.parts) await part.ended();
    process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  // In a terminal one Ctrl+C comes twice, from there and from npm, which may be late.
  const each = process.env.npm_lifecycle_event && process.stdin.isTTY ? 2 : 1;
  let interrupts = 0;
  process.on('SIGINT', () => {
    interrupts += 1;
    const again = since !== undefined && performance.now() - since > 500 && interrupts > each;
    return again ? endAtOnce() : stop();
  });
  // A terminal that was closed takes nothing any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop);
  // npm does not pass every signal on, and cannot when it is killed.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || stop(), 250);
  return {
    hasBegun: () => since !== undefined,
    /** What is done first. */
    before(first: () => Promise<void>) {
      before = first;
    },
  };
}
