import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { root } from '../stack/parts.ts';
import { partNames } from './parts.ts';
import { withTable } from './readme.ts';
import type { Results } from './results.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const results: Results = JSON.parse(read('test/bench/results.json'));

test('the README has a place for what each part measures, and the rest of it stays as it is', (t) => {
  for (const part of partNames) {
    const written = withTable(read('test/README.md'), part, results);
    t.is(written.split('<!--').length, 7, part);
    t.is(withTable(written, part, results), written, part);
    t.notRegex(written, /NaN|undefined|\[object/, part);
  }
});

test('a table tells the figures of the results', (t) => {
  const seconds = [2.04, 2.1, 2.2];
  const changed = { ...results, start: { ...results.start, seconds, median: 2.1 } } as Results;
  t.regex(withTable(read('test/README.md'), 'start', changed), /^\| `npm start` until ready \| 2\.1 s \|/m);
});

test('a README without that place is refused', (t) => {
  t.throws(() => withTable('# Tests', 'routes', results), { message: /no place for the table of routes/ });
});
