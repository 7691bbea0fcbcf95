import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './parts.ts';

// `npm run replay` at the top of the project: each projection is rebuilt by the service that keeps it; under the
// service's own account where the environment has its password, as Redis reads it (USER_SERVICE_REDIS_PASSWORD).

const services: Record<string, string> = {
  users: 'user-service',
  'known-users': 'task-service',
  tasks: 'task-service',
};

const [name = '--help', ...rest] = process.argv.slice(2);
function accountOf(service: string) {
  const password = process.env[`${service.replace('-', '_').toUpperCase()}_REDIS_PASSWORD`];
  return password ? { REDIS_USERNAME: service, REDIS_PASSWORD: password } : {};
}

const names = name === 'all' ? Object.keys(services) : [name];
const codes = names.map((projection) => {
  const service = services[projection] ?? 'task-service';
  const script = join(root, service, 'src/replay.ts');
  const env = { ...process.env, ...accountOf(service) };
  return spawnSync(process.execPath, [script, projection, ...rest], { stdio: 'inherit', env }).status ?? 2;
});
process.exitCode = Math.max(...codes);
