import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { root } from '../stack/parts.ts';

// What is installed: where it comes from, what it may do while it is installed, and under which licence it is.

interface Locked {
  version?: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const lockedIn = (file: string): [string, Locked][] =>
  Object.entries(JSON.parse(read(file)).packages as Record<string, Locked>).filter(
    ([path, { link }]) => path.includes('node_modules/') && !link,
  );
const installed = lockedIn('package-lock.json');
/** What only the benchmark's peers need; it is not installed here. */
const peers = lockedIn('test/bench/peers/package-lock.json');
const locked = [...installed, ...peers];
const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

/** Licences that ask for no more than to be named. */
const allowed = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0', '0BSD', 'CC0-1.0'],
  ...['Unlicense', 'Python-2.0'],
]);
/** Licences that ask for more of who passes the code on; what only develops with it does not. */
const allowedForDevelopment = new Set([...allowed, 'MPL-2.0', 'PSF-2.0']);

/** The licence the lock file names, or else the package itself. */
function licenceOf([path, { license }]: [string, Locked]): string {
  return license ?? readElsewhere[path] ?? JSON.parse(read(`${path}/package.json`)).license ?? 'none';
}

/** The licences of packages that are not installed and whose lock names none. */
const readElsewhere: Record<string, string> = {
  'node_modules/busboy': 'MIT',
  'node_modules/streamsearch': 'MIT',
};

/** Whether one may choose an allowed licence: of `(A OR B)` one will do, of `A AND B` both must. */
const isAllowed = (licence: string, by: Set<string>): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => by.has(one)));

test('every dependency has a licence of the list', (t) => {
  t.true(installed.length > 100 && peers.length > 100);
  for (const entry of locked) {
    const [path, { dev = false }] = entry;
    const licence = licenceOf(entry);
    t.true(isAllowed(licence, dev ? allowedForDevelopment : allowed), `${path}: ${licence}`);
  }
});

test('a licence is judged by what it lets one choose', (t) => {
  t.true(isAllowed('(GPL-3.0 OR MIT)', allowed));
  for (const licence of ['GPL-3.0', 'MIT AND GPL-3.0', 'none', 'SEE LICENSE IN LICENSE', 'MPL-2.0']) {
    t.false(isAllowed(licence, allowed), licence);
  }
});

test('every dependency is locked to its content, and to no host', (t) => {
  for (const [path, { integrity, resolved = '' }] of locked) {
    t.regex(integrity ?? '', /^sha512-/, path);
    t.notRegex(resolved, /:/, path);
  }
});

test('every direct dependency is named with one exact version', (t) => {
  for (const file of files.filter((name) => /(^|\/)package\.json$/.test(name))) {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(file));
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    for (const [name, version] of Object.entries(all)) {
      t.regex(String(version), /^\d+\.\d+\.\d+$/, `${file}: ${name}`);
    }
  }
});

test('no dependency needs a script to be installed, and none would be run', (t) => {
  for (const [path, { hasInstallScript = false }] of locked) t.false(hasInstallScript, path);
  for (const folder of ['', 'test/bench/peers/']) {
    t.regex(read(`${folder}.npmrc`), /^ignore-scripts=true$/m);
  }
  for (const service of ['user-service', 'task-service']) {
    t.regex(read(`${service}/Dockerfile`), /^RUN npm ci .*--ignore-scripts/m);
  }
});

test('no file that looks like a secret is kept, and no password but those that say what they are for', (t) => {
  for (const file of files) {
    t.notRegex(file, /\.(pem|key|p12|pfx|jks|kdbx|rdb|aof)$|(^|\/)id_(rsa|ed25519)|(^|\/)\.netrc$/, file);
    const text = read(file);
    t.notRegex(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, file);
    t.notRegex(text, /_authToken\s*=|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b/, file);
  }
  for (const file of files.filter((name) => /(^|\/)\.env/.test(name)))
    t.notRegex(read(file), /PASSWORD/, file);
  const presets = [...read('docker-compose.yml').matchAll(/PASSWORD:-([^}]*)\}/g)].map(
    ([, preset]) => preset,
  );
  t.is(presets.length, 4);
  for (const preset of presets) t.regex(preset ?? '', /-of-my-own-machine$/);
});
