import { availableParallelism } from 'node:os';
import { busySeconds, processorSecondsWithEnded, treeOf } from './processes.ts';

/**
 * Begins to count how busy the machine is with anything but this run. What it returns tells that, as a part of all
 * processors: where it is much, the figures say little. Tells nothing on a machine without /proc.
 */
export function watchOthers(): () => number | undefined {
  const now = () => ({
    time: performance.now() / 1000,
    all: busySeconds() ?? 0,
    own: processorSecondsWithEnded(treeOf(process.pid) ?? []),
  });
  const before = now();
  return () => {
    const { time, all, own } = now();
    if (own === 0) return undefined;
    const others = all - before.all - (own - before.own);
    return Math.max(0, others) / ((time - before.time) * availableParallelism());
  };
}
