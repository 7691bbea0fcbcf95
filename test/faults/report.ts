import { appendFileSync } from 'node:fs';
import type { History } from './history.ts';

/** What the table at the end of `npm run test:faults` tells of a fault. */
export interface Row {
  fault: string;
  requests: number;
  done: number;
  /** how many answers of each status above 399, and `cut` or `hung` where there was none */
  errors: Record<string, number>;
  /** in milliseconds */
  longest: number;
  /** how long after the fault's end all was healthy again, in milliseconds */
  recovery: number;
  /** the letters of the promises that were broken */
  broken: string[];
  /** In a cluster: the longest time without a 2xx in one of the shards that were broken, in milliseconds. */
  pause?: number;
  /** And in the others, with how many requests failed there, and how long they took (p99), in milliseconds. */
  elsewhere?: { pause: number; failed: number; p99: number };
  /** How many acknowledged writes are lost, where they may be. */
  lost?: number;
}

/** Sums up what clients saw of a fault; each line of what is broken begins with a promise's letter. */
export function rowOf(fault: string, { attempts }: History, recovered: number, broken: string[]): Row {
  const errors: Row['errors'] = {};
  for (const { status } of attempts) {
    if (typeof status !== 'number' || status >= 400) errors[status] = (errors[status] ?? 0) + 1;
  }
  return {
    fault,
    requests: attempts.length,
    done: attempts.filter(({ status }) => typeof status === 'number' && status < 300).length,
    errors,
    longest: Math.round(Math.max(...attempts.map(({ ms }) => ms))),
    recovery: Math.round(recovered),
    broken: [...new Set(broken.map((line) => line.charAt(0)))].sort(),
  };
}

/** Where `npm run test:faults` collects the rows of all files. */
export function report(row: Row): void {
  if (process.env.FAULTS_REPORT) appendFileSync(process.env.FAULTS_REPORT, `${JSON.stringify(row)}\n`);
}
