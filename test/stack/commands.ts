import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { accountPasswords, credentials } from './accounts.ts';
import { type Ports, root } from './parts.ts';

const scripts = {
  replay: 'test/stack/replay.ts',
  'task-replay': 'task-service/src/replay.ts',
  events: 'shared-events/src/cli/events.ts',
};

/** What a command runs as, in a stack of this process: each replay as its service, all else as the operator. */
const accounts = {
  replay: accountPasswords,
  'task-replay': credentials('task-service'),
  events: credentials('operator'),
};

/**
 * Starts `npm run replay` or `npm run events`, or the task service's own replay, against a stack; `result` has its
 * exit code and what it printed.
 */
export function startCommand(
  name: keyof typeof scripts,
  { ports }: { ports: Pick<Ports, 'redis'> },
  args: string[],
  partitions = 1,
) {
  const child = spawn(process.execPath, [join(root, scripts[name]), ...args], {
    env: {
      ...process.env,
      ...accounts[name],
      REDIS_PORT: String(ports.redis),
      PARTITIONS: String(partitions),
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
