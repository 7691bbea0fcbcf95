import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { root } from './stack/parts.ts';
import { startStack } from './stack/stack.ts';

// The README's sample workflow, typed as it is written, gives what it shows.

const workflow = /```console\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';

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
  const stack = await startStack({ env: { LOG_LEVEL: 'warn' } });
  try {
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
  } finally {
    await stack.stop();
  }
});
