import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { readOptions } from './options.ts';

const read = (...args: string[]) => readOptions(args, 'preset');

test('without options all parts but those on demand run, in their order', (t) => {
  t.deepEqual(read(), {
    help: false,
    only: ['start', 'routes', 'list', 'growth', 'streams'],
    against: [],
    peers: false,
    minutes: 60,
    quick: false,
    to: 'preset',
  });
});

test('--only chooses parts, which run in their own order', (t) => {
  t.deepEqual(read('--only', 'soak,growth,routes').only, ['routes', 'growth', 'soak']);
});

test('--against names gateways, with or without a process', (t) => {
  const { against } = read('--against', 'before=http://a:1/', '--against', 'bare=http://b:2=345');
  t.deepEqual(against, [
    { name: 'before', gateway: 'http://a:1' },
    { name: 'bare', gateway: 'http://b:2', pid: 345 },
  ]);
});

test('a quick run writes nothing, unless it is told where', (t) => {
  t.is(read('--quick').to, undefined);
  t.is(read('--quick', '--to', 'here').to, 'here');
});

test('a bad option is told in one line', (t) => {
  const bad: [args: string[], message: RegExp][] = [
    [['--only', 'routes,speed'], /^--only speed: there is no such part; there are start, .*\.$/],
    [['--against', 'http://a:1'], /^--against http:\/\/a:1: must be NAME=URL or NAME=URL=PID.*$/],
    [['--minutes', 'ten'], /^--minutes ten: must be a number above 0\.$/],
    [['--fast'], /^.*--fast.*$/],
    [['routes'], /^.*routes.*$/],
  ];
  for (const [args, message] of bad) t.throws(() => read(...args), { message });
});

test('and ends the run with exit code 2', (t) => {
  const run = [join(import.meta.dirname, 'run.ts'), '--only', 'speed'];
  const { status, stdout, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8' });
  t.is(status, 2);
  t.is(stdout, '');
  t.regex(stderr, /^--only speed: .*\n$/);
});
