import { spawnSync } from 'node:child_process';
import { Console } from 'node:console';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../stack/parts.ts';
import { promises } from './invariants.ts';
import type { Row } from './report.ts';

// `npm run test:faults` and `npm run test:cluster`: every fault in some files, and at the end a table of what each did and
// whether every promise held.

const dir = mkdtempSync(join(tmpdir(), 'faults-report-'));
const report = join(dir, 'rows');
const { status } = spawnSync('ava', process.argv.slice(2), {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FAULTS: 'full', FAULTS_REPORT: report },
});
const rows = readFileSync(report, 'utf8').trim().split('\n');
rmSync(dir, { recursive: true });

const errorsOf = ({ errors }: Row) =>
  Object.entries(errors)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
const lines = Object.entries(promises).map(([letter, promise]) => `${letter}  ${promise}`);
process.stdout.write(`\n${lines.join('\n')}\n`);
new Console(process.stdout).table(
  rows
    .map((row) => JSON.parse(row) as Row)
    .map((row) => ({
      fault: row.fault,
      requests: row.requests,
      '2xx': row.done,
      errors: errorsOf(row),
      'longest ms': row.longest,
      'recovery ms': row.recovery,
      ...(row.pause !== undefined && { 'pause ms': row.pause }),
      ...(row.elsewhere && { 'pause, p99 elsewhere': `${row.elsewhere.pause}, ${row.elsewhere.p99}` }),
      ...(row.lost !== undefined && { lost: row.lost }),
      promises: row.broken.length === 0 ? 'all kept' : `broken: ${row.broken.join()}`,
    })),
);
process.exitCode = status ?? 1;
