import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { root } from './stack/parts.ts';

// Who may import whom, and what may stand at the top of the project.

interface Import {
  file: string;
  from: string;
}

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');

const services = ['user-service', 'task-service'];
const example = 'test/example/pin-service';
const sources = files.filter((file) =>
  /^((shared-events|user-service|task-service|test\/example\/[\w-]+)\/src|shared-events\/client)\/.*\.ts$/.test(
    file,
  ),
);
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

const imports: Import[] = sources.flatMap((file) =>
  [...textOf(file).matchAll(/(?:^(?:import|export)\s[^;]*?from |import\()'([^']+)'/gms)].map(
    ([, from = '']) => ({ file, from }),
  ),
);

/** The package a specifier belongs to; nothing for a file or a part of Node. */
const packageOf = (from: string): string | undefined =>
  /^(\.|node:)/.test(from) ? undefined : from.split('/', from.startsWith('@') ? 2 : 1).join('/');

const within = (folder: string) => imports.filter(({ file }) => file.startsWith(folder));

/** The file that an import names; nothing for a package. */
const fileOf = ({ file, from }: Import): string | undefined =>
  from.startsWith('.') ? join(dirname(file), from) : undefined;

/** The rooms of shared-events from the ground up: each may know those below it. Files beside them have names here too. */
const floors = [
  ['failure', 'events'],
  ['config', 'tracing'],
  ['redis'],
  ['streams'],
  ['records'],
  ['repartition'],
  ['telemetry'],
  ['http'],
  ['openapi'],
  ['operator'],
  ['cli'],
  ['process', 'readers'],
  ['serving'],
  ['start'],
  ['service'],
];

/** The index of a room, which is for outsiders. */
const indexes = Object.values(
  JSON.parse(textOf('shared-events/package.json')).exports as Record<string, string>,
).map((path) => join('shared-events', path));

const roomOf = (file: string): string => /^shared-events\/src\/([\w-]+)/.exec(file)?.[1] ?? '';
const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)));
const isIndex = (file: string): boolean => indexes.includes(file) && !file.endsWith('/service.ts');

test('there are imports to check', (t) => {
  t.true(within('shared-events/').length > 200 && within('task-service/').length > 20);
});

test('a service imports neither the other service nor anything beside its own folder', (t) => {
  for (const service of services) {
    for (const { file, from } of within(`${service}/`)) {
      t.notRegex(from, /user-service|task-service|\.\.\/\.\./, `${file} imports ${from}`);
    }
  }
  for (const { file, from } of within('shared-events/')) {
    t.notRegex(from, /user-service|task-service/, `${file} imports ${from}`);
  }
});

test('the example of a service is made of what shared-events shows to outsiders', (t) => {
  const outside = within(`${example}/`).filter(({ from }) => !from.startsWith('./'));
  t.true(outside.some(({ from }) => from.startsWith('shared-events/')));
  for (const { file, from } of outside) {
    t.regex(from, /^(shared-events(\/[\w-]+)?|ioredis|yup)$/, `${file} imports ${from}`);
  }
});

test('the event contract stands on its own: it imports yup and uuid only', (t) => {
  for (const { file, from } of within('shared-events/src/events/')) {
    t.regex(from, /^(\.\/[\w-]+\.ts|yup|uuid)$/, `${file} imports ${from}`);
  }
});

test('inside shared-events nobody imports an index', (t) => {
  for (const each of within('shared-events/src/')) {
    if (isIndex(each.file)) continue;
    t.false(isIndex(fileOf(each) ?? ''), `${each.file} imports ${each.from}`);
  }
});

test('every room of shared-events has its floor, and imports only from its own and those below', (t) => {
  for (const file of sources.filter((name) => name.startsWith('shared-events/src/'))) {
    t.true(floorOf(file) >= 0, `${file} is in no room`);
  }
  for (const each of within('shared-events/src/')) {
    const imported = fileOf(each);
    if (imported === undefined || isIndex(each.file)) continue;
    t.true(floorOf(imported) <= floorOf(each.file), `${each.file} imports ${each.from}`);
  }
});

test('the client stands on its own: it is for programs that have nothing else of this', (t) => {
  const imported = within('shared-events/client/');
  t.true(imported.length > 0);
  for (const { file, from } of imported)
    t.regex(from, /^(\.\/api\.ts|openapi-\w+)$/, `${file} imports ${from}`);
});

test('no file imports itself, by whatever way round', (t) => {
  const next = new Map(sources.map((file) => [file, within(file).flatMap((each) => fileOf(each) ?? [])]));
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    if (way.includes(file)) t.fail([...way, file].join(' imports '));
    if (way.includes(file) || done.has(file)) return;
    for (const imported of next.get(file) ?? []) visit(imported, [...way, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  t.true(done.size > 100);
});

test('shared code names no noun of a service: what it knows of users and tasks is the contract of events', (t) => {
  for (const file of sources.filter((name) => name.startsWith('shared-events/src/'))) {
    if (/\/events(\/|\.ts$)/.test(file)) continue;
    for (const [at, line] of textOf(file).split('\n').entries()) {
      t.notRegex(line.replace(/task.manager/gi, ''), /\b(user|task)s?\b/i, `${file}:${at + 1}`);
    }
  }
});

test('each package lists what it imports, and nothing else', (t) => {
  for (const name of ['shared-events', ...services]) {
    const { dependencies, devDependencies = {} } = JSON.parse(textOf(`${name}/package.json`));
    const listed = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
    // What makes the client's types needs an older one than the rest of the project has.
    listed.delete('typescript');
    const imported = new Set(within(`${name}/`).map(({ from }) => packageOf(from)));
    imported.delete(undefined);
    t.deepEqual([...imported].sort(), [...listed].sort(), name);
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
