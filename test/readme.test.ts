import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { api, seed } from './stack/api.ts';
import { root } from './stack/parts.ts';
import { startStack } from './stack/stack.ts';
import { until } from './stack/until.ts';
import { withStack } from './stack/world.ts';

// What the README shows, typed as it is written, does what the README says; and the pages lead on to each other.

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');
const pages = execFileSync('git', ['ls-files', '*README.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n');
const workflow = /```console\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const guide = read('shared-events/README.md');
/** Each piece of code that is shown; one whose first line names a file is of that file. */
const piecesOf = (page: string) =>
  [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => {
    const [, file, text = ''] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(code) ?? [];
    return { code, file, text };
  });
/** The programs that are shown whole. */
const programs = piecesOf(guide).filter(({ file }) => file === undefined);

/** The commands of the workflow, each with the output shown below it. */
const steps = workflow
  .split(/^\$ /m)
  .slice(1)
  .map((step) => {
    const [command = '', ...shown] = step.split('\n');
    return { command, shown: shown.join('\n').trim() };
  });

/** Ids, times and versions differ from run to run; that they are where they belong is what counts. */
const normalise = (output: string): string =>
  output
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/00-[0-9a-f]{32}-[0-9a-f]{16}-01/g, '<trace>')
    .replace(/\b[0-9a-f]{32}\b/g, '<request>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\b\d{13}-\d+\b/g, '<version>')
    .trim();

test('the sample workflow gives what the README shows', async (t) => {
  t.true(steps.length >= 8);
  await withStack(
    async ({ stack }) => {
      const here = (command: string) =>
        command
          .replaceAll('http://localhost:8080', stack.urls.gateway)
          .replace('redis-cli', `redis-cli --no-raw -p ${stack.ports.redis}`);
      const separator = '-- next --';
      const script = steps.map(({ command }) => `${here(command)}\necho '${separator}'`).join('\n');
      const bash = spawn('bash', ['-c', script]);
      const [output, errors] = await Promise.all([text(bash.stdout), text(bash.stderr)]);
      t.is(errors, '');
      const outputs = output.split(separator);
      for (const [at, { command, shown }] of steps.entries()) {
        t.is(normalise(outputs[at] ?? ''), normalise(shown), command);
      }
    },
    { env: { LOG_LEVEL: 'warn' } },
  );
});

test('the code that the guide of shared-events shows is, line for line, that of the files it names', (t) => {
  const pieces = piecesOf(guide);
  const named = pieces.filter(({ file }) => file !== undefined);
  t.is(named.length, pieces.length - 1, 'all but the example of a consumer');
  t.true(named.length >= 5);
  for (const { file = '', text } of named) {
    t.true(
      `\n${readFileSync(join(root, file), 'utf8')}`.includes(`\n${text}`),
      `${file} has no more what the guide in shared-events/README.md shows of it; show what it has now: ${text}`,
    );
  }
});

test('the README has at most 150 lines', (t) => {
  t.true(readme.trimEnd().split('\n').length <= 150);
});

/** Returns the links and pictures of a page that lead to files of the project. */
const linksOf = (page: string): string[] =>
  [...read(page).matchAll(/\]\(([^)]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^\w+:/.test(link));

/** Returns what a page's headings are called in links. */
const anchorsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

test('every link between the pages leads to a file that exists, and to a heading of it', (t) => {
  t.true(pages.length >= 8);
  for (const page of pages) {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      t.true(existsSync(join(root, file)), `${page}: ${link}`);
      if (anchor !== undefined) t.true(anchorsOf(file).includes(anchor), `${page}: ${link}`);
    }
  }
});

test('the files that the guide of shared-events names are there', (t) => {
  const names = [...guide.matchAll(/`((?:shared-events|[a-z]+-service|nginx|test)\/[\w./-]+)`/g)];
  t.true(names.length > 15);
  for (const [, name = ''] of names) t.true(existsSync(join(root, name)), name);
});

for (const [at, { code: example }] of programs.entries()) {
  test(`example ${at + 1} of a consumer greets every user, and ends on Ctrl+C`, async (t) => {
    const stack = await startStack({ env: { LOG_LEVEL: 'warn' } });
    mkdirSync(join(root, '.data'), { recursive: true });
    const dir = mkdtempSync(join(root, '.data/readme-'));
    let greeter: ChildProcessWithoutNullStreams | undefined;
    try {
      const { user } = seed(api(stack.urls.gateway));
      await user({ name: 'Ada' });
      const file = join(dir, 'greeter.ts');
      writeFileSync(file, example.replace('6379', String(stack.ports.redis)));
      greeter = spawn(process.execPath, [file]);
      let output = '';
      greeter.stdout.on('data', (chunk) => {
        output += chunk;
      });
      const errors = text(greeter.stderr);
      await user({ name: 'Grace' });
      await until('both are greeted', () => /Hello Ada/.test(output) && /Hello Grace/.test(output));
      greeter.kill('SIGINT');
      t.is(await errors, '');
    } finally {
      greeter?.kill('SIGKILL');
      rmSync(dir, { recursive: true });
      await stack.stop();
    }
  });
}
