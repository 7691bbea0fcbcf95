import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameAndVersion } from './stack/install.ts';
import { root } from './stack/parts.ts';

// `npm test`: all tests, or those that are named, and at the end how long they took, which files took longest, and on what
// they ran.

/** How many files are told of. */
const most = 6;

interface Time {
  url: string;
  seconds: number;
}

const args = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'times-'));
const file = join(dir, 'times');
const start = performance.now();
const { status } = spawnSync('ava', args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_TIMES: file },
});
const took = (performance.now() - start) / 1000;
const times = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
rmSync(dir, { recursive: true });

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const line = ({ url, seconds }: Time) => `  ${clock(seconds)}  ${relative(root, fileURLToPath(url))}`;
const programs = ['redis-server', 'nginx', 'chromium', 'prometheus'].map(nameAndVersion);
const summary = [
  `${times.length} files in ${clock(took)} on ${availableParallelism()} processors; those that took longest:`,
  ...times
    .map((time) => JSON.parse(time) as Time)
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, most)
    .map(line),
  `With Node.js ${process.versions.node}, ${programs.join(', ')}.`,
];
// In TAP these are comments.
const mark = args.includes('--tap') ? '# ' : '  ';
process.stdout.write(`\n${summary.map((text) => `${mark}${text}\n`).join('')}`);
process.exitCode = status ?? 1;
