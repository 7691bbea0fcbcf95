import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { root } from './stack/parts.ts';

// Who may import whom, and what may stand at the top of the project.

interface Import {
  file: string;
  from: string;
  names: string;
}

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');

const imports: Import[] = files
  .filter((file) => /^(shared-events|user-service|task-service)\/src\/.*\.ts$/.test(file))
  .flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return [...source.matchAll(/^(?:import|export)\s([^;]*?)from '([^']+)';/gms)].map(
      ([, names = '', from = '']) => ({ file, from, names }),
    );
  });

/** The package a specifier belongs to; nothing for a file or a part of Node. */
const packageOf = (from: string): string | undefined =>
  /^(\.|node:)/.test(from) ? undefined : from.split('/', from.startsWith('@') ? 2 : 1).join('/');

const within = (folder: string) => imports.filter(({ file }) => file.startsWith(folder));

test('there are imports to check', (t) => {
  t.true(within('shared-events/').length > 30 && within('task-service/').length > 20);
});

test('a service imports neither the other service nor anything beside its own folder', (t) => {
  for (const service of ['user-service', 'task-service']) {
    for (const { file, from } of within(`${service}/`)) {
      t.notRegex(from, /user-service|task-service|\.\.\/\.\./, `${file} imports ${from}`);
    }
  }
  for (const { file, from } of within('shared-events/')) {
    t.notRegex(from, /user-service|task-service/, `${file} imports ${from}`);
  }
});

test('the event contract stands on its own: it imports yup and uuid only', (t) => {
  for (const { file, from } of within('shared-events/src/events/')) {
    t.regex(from, /^(\.\/[\w-]+\.ts|yup|uuid)$/, `${file} imports ${from}`);
  }
});

test("streams and the operators' side know no user and no task", (t) => {
  for (const folder of ['streams', 'operator']) {
    for (const { file, from, names } of within(`shared-events/src/${folder}/`)) {
      t.notRegex(
        from + names,
        /(user|task)-?events|\b(User|Task)\w*/i,
        `${file} imports ${names} from ${from}`,
      );
    }
  }
});

test('the parts of shared-events are layered: events, service, streams, http, operator', (t) => {
  const layers = ['events', 'service', 'streams', 'http', 'operator'];
  for (const { file, from } of within('shared-events/src/')) {
    const own = layers.findIndex((layer) => file.startsWith(`shared-events/src/${layer}/`));
    const other = layers.findIndex((layer) => from.startsWith(`../${layer}`));
    if (own >= 0 && other >= 0) t.true(other < own, `${file} imports ${from}`);
  }
});

test('each package lists what it imports, and nothing else', (t) => {
  for (const name of ['shared-events', 'user-service', 'task-service']) {
    const { dependencies } = JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8'));
    const imported = new Set(within(`${name}/`).map(({ from }) => packageOf(from)));
    imported.delete(undefined);
    t.deepEqual([...imported].sort(), Object.keys(dependencies).sort(), name);
  }
});

test('at the top stand the folders of the architecture, and the files that tools insist on', (t) => {
  const top = new Set(files.map((file) => file.split('/')[0]).filter((name) => !name?.startsWith('.')));
  t.deepEqual([...top].sort(), [
    'LICENSE',
    'README.md',
    'ava.config.js',
    'biome.json',
    'docker-compose.yml',
    'nginx',
    'package-lock.json',
    'package.json',
    'shared-events',
    'task-service',
    'test',
    'tsconfig.json',
    'user-service',
  ]);
});
