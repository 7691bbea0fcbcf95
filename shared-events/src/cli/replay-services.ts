import { spawnSync } from 'node:child_process';
import { Failure } from '../failure.ts';
import { command, say } from './command.ts';
import { chooseNames, declined, replayHelp } from './replay.ts';
import { workspacesWith } from './workspaces.ts';

// `npm run replay` at the top of the project: each projection is replayed by the service that keeps it, under the
// service's own account if the environment has its password, as Redis reads it (USER_SERVICE_REDIS_PASSWORD).

/** The services of this project, each with its program. */
const services = workspacesWith('src/main.ts');
type Service = (typeof services)[number];

/** Returns the names of what a service can replay. */
function namesOf({ path }: Service): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, 'replay', '--list'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Failure('no_list', stderr.trim());
  return stdout.trim().split('\n').filter(Boolean);
}

function accountOf(service: string) {
  const password = process.env[`${service.replaceAll('-', '_').toUpperCase()}_REDIS_PASSWORD`];
  return password ? { REDIS_USERNAME: service, REDIS_PASSWORD: password } : {};
}

/** Has a service replay something. Returns the exit code. */
function replay({ name, path }: Service, args: string[]): number {
  const env = { ...process.env, ...accountOf(name) };
  return spawnSync(process.execPath, [path, 'replay', ...args], { stdio: 'inherit', env }).status ?? 2;
}

await command(async () => {
  const [wanted = '--help', ...options] = process.argv.slice(2);
  if (wanted === 'all') {
    process.exitCode = Math.max(...services.map((service) => replay(service, ['all', ...options])));
    return;
  }
  if (!wanted.startsWith('-')) {
    for (const service of services) {
      const code = replay(service, [wanted, '--decline', ...options]);
      if (code === declined) continue;
      process.exitCode = code;
      return;
    }
  }
  const names = services.flatMap(namesOf);
  if (['--help', '-h'].includes(wanted)) return void say(replayHelp(names));
  chooseNames(names, [wanted]);
});
