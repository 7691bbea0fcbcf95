import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './chart.ts';
import type { ClusterResult } from './cluster.ts';
import type { ConsoleResult } from './console.ts';
import type { GrowthResult } from './growth.ts';
import type { ListResult } from './list.ts';
import type { Machine } from './machine.ts';
import type { PartName } from './options.ts';
import type { RoutesResult } from './routes.ts';
import type { SoakResult } from './soak.ts';
import type { StartResult } from './start.ts';
import type { StreamsResult } from './streams.ts';

export interface PartResults {
  start: StartResult;
  routes: RoutesResult;
  list: ListResult;
  growth: GrowthResult;
  streams: StreamsResult;
  console: ConsoleResult;
  cluster: ClusterResult;
  soak: SoakResult;
}

/** When a part was measured, and by what. */
export interface Circumstances {
  date: string;
  machine: Machine;
  /** what other processes took of the processors meanwhile: 0.1 is ten percent; left out without /proc */
  others?: number;
}

export type Measured<Name extends PartName> = Circumstances & PartResults[Name];

export type Results = { [Name in PartName]?: Measured<Name> };

/**
 * Puts what was measured into results.json in place of what was there of the same parts, and draws results.svg anew.
 * Returns all there is then.
 */
export function saveResults(folder: string, measured: Results): Results {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const before: Results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const results = { ...before, ...measured };
  writeFileSync(file, `${withPairsInLine(JSON.stringify(results, rounded, 2))}\n`);
  writeFileSync(join(folder, 'results.svg'), drawChart(results));
  return results;
}

/** Five digits tell more than was measured. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;

const withPairsInLine = (json: string): string => json.replace(/\[\s+([\d.]+),\s+([\d.]+)\s+\]/g, '[$1, $2]');
