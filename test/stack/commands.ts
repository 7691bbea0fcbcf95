import { spawn } from 'node:child_process';

import { text } from 'node:stream/consumers';
import { accountPasswords, credentials } from './accounts.ts';
import { type Ports, redisAddress, root } from './parts.ts';

const scripts = {
  replay: ['shared-events/src/cli/replay-services.ts'],
  'task-replay': ['task-service/src/main.ts', 'replay'],
  events: ['shared-events/src/cli/events.ts'],
  repartition: ['shared-events/src/cli/repartition.ts'],
};

/** What a command runs as, in a stack of this process: each replay as its service, the rest as people who may do it. */
const accounts = {
  replay: accountPasswords,
  'task-replay': credentials('task-service'),
  events: credentials('operator'),
  repartition: credentials('mover'),
};

/**
 * Starts `npm run replay`, `events` or `repartition`, or the task service's own replay, against a stack; `result` has
 * its exit code and what it printed.
 */
export function startCommand(
  name: keyof typeof scripts,
  { ports }: { ports: Pick<Ports, 'redis' | 'cluster' | 'sentinels'> },
  args: string[],
  partitions?: number,
  env: Record<string, string> = {},
) {
  const child = spawn(process.execPath, [...scripts[name], ...args], {
    cwd: root,
    env: {
      ...process.env,
      ...accounts[name],
      ...redisAddress(ports),
      ...(partitions !== undefined && { PARTITIONS: String(partitions) }),
      ...env,
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const result = Promise.all([ended, text(child.stdout), text(child.stderr)]).then(
    ([code, output, errors]) => ({
      code,
      output,
      errors,
    }),
  );
  return { child, result };
}

type Command = ReturnType<typeof startCommand>;

/** Resolves to what comes while a command runs. Fails if it ends before. */
export const whileRuns = <T>({ result }: Command, reached: Promise<T>): Promise<T> =>
  Promise.race([
    reached,
    result.then(({ output, errors }) => Promise.reject(new Error(`it ended: ${output}${errors}`))),
  ]);

/** Kills a command when something is reached. Fails if it ends before. */
export async function killAt(command: Command, reached: Promise<void>): Promise<void> {
  await whileRuns(command, reached);
  command.child.kill('SIGKILL');
  await command.result;
}
