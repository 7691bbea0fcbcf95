import { setTimeout as delay } from 'node:timers/promises';
import { startCommand } from '../stack/commands.ts';
import { type Bench, type ProcessName, rootsOf } from './bench.ts';
import { startMixedLoad } from './mixed-load.ts';
import { openDescriptors, residentBytes, treeOf } from './processes.ts';
import { type Latency, median } from './stats.ts';

export interface SoakSample {
  /** since the beginning */
  seconds: number;
  /** resident, in bytes; empty without /proc, like `descriptors` */
  memory: Partial<Record<ProcessName, number>>;
  descriptors: Partial<Record<ProcessName, number>>;
}

export interface SoakGrowth {
  /** bytes */
  memory: number;
  descriptors: number;
}

export interface SoakResult {
  minutes: number;
  /** answers a second */
  rate: number;
  latency: Latency;
  /** how many answers had which status; `none` where there was none */
  answers: Record<string, number>;
  samples: SoakSample[];
  /** from when the first samples do not count any more, in seconds */
  settledAfter: number;
  /** from the first minute after that to the last, medians */
  growth: Partial<Record<ProcessName, SoakGrowth>>;
}

/** Between two samples, in milliseconds. */
const every = 10_000;
/** How many samples make a minute. */
const minute = 6;

/** What keeps the streams from growing as in a long life: once a minute all that a replay does not need goes. */
const compaction = ['compact', '--older-than', '60s'];

/** A steady, moderate load for a long time, and what the processes come to. */
export async function measureSoak(bench: Bench): Promise<SoakResult> {
  const { settings, minutes, say, signal, stacks } = bench;
  const stack = await stacks.start();
  const roots = rootsOf(stack);
  const names = Object.keys(roots) as ProcessName[];
  const trees = names.map((name) => [name, treeOf(roots[name])] as const);
  const look = (measure: (pids: number[]) => number) =>
    Object.fromEntries(trees.flatMap(([name, pids]) => (pids ? [[name, measure(pids)]] : [])));

  const load = startMixedLoad(stack.urls.gateway, settings.soak.requests);
  const start = performance.now();
  const samples: SoakSample[] = [];
  const count = Math.max(1, Math.round((minutes * 60_000) / every));
  for (let at = 1; at <= count; at++) {
    await delay(Math.max(0, start + at * every - performance.now()), undefined, { signal });
    const seconds = Math.round((performance.now() - start) / 1000);
    samples.push({ seconds, memory: look(residentBytes), descriptors: look(openDescriptors) });
    if (at % minute === 0) {
      const { code, errors } = await startCommand('events', stack, compaction).result;
      if (code !== 0) throw new Error(`the streams could not be compacted: ${errors}`);
    }
    if (at % (10 * minute) === 0) say(`${at / minute} minutes`);
  }
  const done = await load.stop();
  await stacks.stop(stack);
  const settledAfter = Math.min(300, Math.round(minutes * 12));
  return { minutes, ...done, samples, settledAfter, growth: growthOf(samples, settledAfter, names) };
}

function growthOf(samples: SoakSample[], settledAfter: number, names: ProcessName[]): SoakResult['growth'] {
  const settled = samples.filter(({ seconds }) => seconds > settledAfter);
  const length = Math.min(minute, Math.ceil(settled.length / 2));
  const grown = (read: (sample: SoakSample) => number) =>
    median(settled.slice(-length).map(read)) - median(settled.slice(0, length).map(read));
  const seen = names.filter((name) => samples[0]?.memory[name] !== undefined);
  return Object.fromEntries(
    seen.map((name) => [
      name,
      {
        memory: grown(({ memory }) => memory[name] as number),
        descriptors: grown(({ descriptors }) => descriptors[name] as number),
      },
    ]),
  );
}
