import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './parts.ts';

// `npm run replay` at the top of the project: each projection is rebuilt by the service that keeps it.

const services: Record<string, string> = {
  users: 'user-service',
  'known-users': 'task-service',
  tasks: 'task-service',
};

const [name = '--help', ...rest] = process.argv.slice(2);
const names = name === 'all' ? Object.keys(services) : [name];
const codes = names.map((projection) => {
  const script = join(root, services[projection] ?? 'task-service', 'src/replay.ts');
  return spawnSync(process.execPath, [script, projection, ...rest], { stdio: 'inherit' }).status ?? 2;
});
process.exitCode = Math.max(...codes);
