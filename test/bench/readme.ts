import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeReadmePages } from '../../nginx/docs/readme-pages.ts';
import { root } from '../stack/parts.ts';
import type { PartName } from './options.ts';
import { growthTable, routesTable, streamsTable } from './readme-tables.ts';
import type { Results } from './results.ts';

// The tables of test/README.md that are made from results.json: each stands between two comments with its name.

const file = join(root, 'test/README.md');

/** What each part has a place in. */
const tables: { [Name in PartName]: { name: string; make(results: Results): string[] } } = {
  start: { name: 'growth', make: growthTable },
  routes: { name: 'routes', make: routesTable },
  list: { name: 'growth', make: growthTable },
  growth: { name: 'growth', make: growthTable },
  streams: { name: 'streams', make: streamsTable },
  console: { name: 'growth', make: growthTable },
  cluster: { name: 'growth', make: growthTable },
  soak: { name: 'growth', make: growthTable },
};

/** Puts what a part came to into the README, and the page that is made of it, in place of what stood there. */
export function writeReadme(part: PartName, results: Results): void {
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), part, results));
  writeReadmePages();
}

/** Returns the README with the table of a part made anew. Fails if it has no place for that. */
export function withTable(readme: string, part: PartName, results: Results): string {
  const { name, make } = tables[part];
  const place = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- end of ${name} -->)`);
  if (!place.test(readme)) throw new Error(`test/README.md has no place for the table of ${name}`);
  return readme.replace(place, () => `\n${make(results).join('\n')}\n\n`);
}
