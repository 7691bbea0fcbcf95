import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
const stackPrograms = ['redis-server', 'nginx'];
/** The programs that do, the best first, where it is not only the one of that name. */
const candidates: Record<string, string[]> = {
  // The shell has no windows, and takes half as much of a processor.
  chromium: ['chromium-headless-shell', 'chromium', 'google-chrome'],
  'redis-server': ['redis-server', 'valkey-server'],
};
/** Debian's packages have the names of their programs; a browser also needs letters. */
const packagesOf: Record<string, string> = { chromium: 'chromium-headless-shell fonts-dejavu-core' };

/**
 * Where a program is, or another that does; nothing where this machine has none. System folders count, whatever the PATH.
 */
export function locate(program: string): string | undefined {
  return (candidates[program] ?? [program])
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Makes sure that programs are there (those of the stack when none are named), installing their Debian packages where it
 * can. Says what it does, step by step. Fails with what to do by hand where it cannot.
 */
export function ensureInstalled(say: (line: string) => void, programs = stackPrograms): void {
  const missing = programs.filter((program) => !locate(program));
  if (missing.length === 0) return;
  const names = missing.join(' and ');
  const [are, them] = missing.length > 1 ? ['are', 'them'] : ['is', 'it'];
  const become = privileges();
  if (!locate('apt-get') || !become) {
    throw new Error(`${names} ${are} missing and cannot be installed from here.\n${byHand(missing)}`);
  }
  say(`Installing ${names} with apt-get, because this machine does not have ${them}.`);
  const step = (done: string, command: string) => {
    const start = performance.now();
    shell(
      become,
      command,
      () => `${names} ${are} missing, and apt-get could not install ${them}.\n${byHand(missing)}`,
    );
    say(`  ${done} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
  };
  step('the lists of packages are here', 'apt-get update -qq');
  for (const program of missing) {
    const packages = packagesOf[program] ?? program;
    step(`${program} is installed`, `apt-get install -qq -y --no-install-recommends ${packages}`);
    shell(become, disable(program), () => `The service ${program} that Debian started could not be stopped.`);
  }
}

const byHand = (programs: string[]): string =>
  `On Debian or Ubuntu, as root: apt-get install ${programs.map((program) => packagesOf[program] ?? program).join(' ')}
On macOS: brew install ${programs.join(' ').replace('redis-server', 'redis')}
Or with Docker: docker compose up --build`;

/** What to put before a command to run it as root; nothing where that is not to be had. */
function privileges(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  if (!locate('sudo')) return undefined;
  const sudo = process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
  return spawnSync('sudo', [...sudo.slice(1), 'true'], { stdio: 'inherit' }).status === 0 ? sudo : undefined;
}

/** Debian starts what it installs; this stack brings its own processes, so the system's are stopped and stay off. */
const disable = (service: string) =>
  `if [ -e /etc/init.d/${service} ]; then service ${service} stop; update-rc.d ${service} disable; fi`;

/** Runs a command. Fails with what it means, and with the last that the command said. */
function shell(become: string[], command: string, failure: () => string): void {
  const line = [...become, 'env', 'DEBIAN_FRONTEND=noninteractive', 'sh', '-c', command];
  const { status, stdout, stderr } = spawnSync(line[0] as string, line.slice(1), { encoding: 'utf8' });
  const lastWords = (stdout + stderr).trim().split('\n').slice(-3).join('\n');
  if (status !== 0) throw new Error(`${failure()}\nThis failed: ${command}\n${lastWords}`);
}

/** A program of the stack, its version and where it is, in one line. */
function describe(program: string): string {
  return `${nameAndVersion(program)} (${locate(program) ?? program})`;
}

/** What a program calls itself, and its version. */
export function nameAndVersion(program: string): string {
  const path = locate(program) ?? program;
  const flag = program === 'nginx' ? '-v' : '--version';
  const { stdout, stderr } = spawnSync(path, [flag], { encoding: 'utf8' });
  const [, name, version] =
    /(nginx|\w+ server|Chromium|Google Chrome|prometheus)(?:\/| v=| |, version )([\d.]+)/.exec(
      stdout + stderr,
    ) ?? [];
  return `${name ?? program} ${version ?? 'of an unknown version'}`;
}

// Tests of a system that runs elsewhere need nothing here.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !process.env.GATEWAY_URL) {
  try {
    const programs = [...stackPrograms, ...process.argv.slice(2)];
    const say = (line: string) => process.stdout.write(`${line}\n`);
    ensureInstalled(say, programs);
    for (const program of stackPrograms) say(describe(program));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
