import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { command, say } from './command.ts';
import { chooseNames, replayHelp } from './replay.ts';

// `npm run replay` at the top of the project: each projection is replayed by the service that keeps it, under the
// service's own account if the environment has its password, as Redis reads it (USER_SERVICE_REDIS_PASSWORD).

const root = join(import.meta.dirname, '../../..');

/** A service of this project, and the names of what it can replay. */
interface Service {
  name: string;
  main: string;
  names: string[];
}

function services(): Service[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return workspaces
    .map((name) => ({ name, main: join(root, name, 'src/main.ts') }))
    .filter(({ main }) => existsSync(main))
    .map((service) => ({ ...service, names: namesOf(service.main) }));
}

function namesOf(main: string): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'replay', '--list'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Failure('no_list', stderr.trim());
  return stdout.trim().split('\n').filter(Boolean);
}

function accountOf(service: string) {
  const password = process.env[`${service.replaceAll('-', '_').toUpperCase()}_REDIS_PASSWORD`];
  return password ? { REDIS_USERNAME: service, REDIS_PASSWORD: password } : {};
}

function replay({ name, main }: Service, args: string[]): number {
  const env = { ...process.env, ...accountOf(name) };
  return spawnSync(process.execPath, [main, 'replay', ...args], { stdio: 'inherit', env }).status ?? 2;
}

await command(async () => {
  const [wanted = '--help', ...options] = process.argv.slice(2);
  const all = services();
  const names = all.flatMap((service) => service.names);
  if (['--help', '-h'].includes(wanted)) return void say(replayHelp(names));
  const codes = chooseNames(names, [wanted]).map((name) => {
    const service = all.find((each) => each.names.includes(name)) as Service;
    return replay(service, [name, ...options]);
  });
  process.exitCode = Math.max(...codes);
});
