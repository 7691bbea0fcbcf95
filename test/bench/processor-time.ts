import { processorSeconds, treeOf } from './processes.ts';

/** Processor time for each answered request, in microseconds. */
export type ProcessorTime<Name extends string = string> = Record<Name, number>;

/**
 * Begins to count the processor time of processes with all their descendants. What it resolves to ends that, and
 * tells it for each of so many requests; nothing where the machine has no /proc or a process is gone.
 */
export function countProcessorTime<Name extends string>(roots: Record<Name, number | undefined>) {
  const names = Object.keys(roots) as Name[];
  const trees = names.map((name) => treeOf(roots[name]));
  const used = () => trees.map((pids) => (pids ? processorSeconds(pids) : Number.NaN));
  const before = used();
  return (requests: number): ProcessorTime<Name> | undefined => {
    if (trees.includes(undefined)) return undefined;
    const after = used();
    const each = names.map((name, at) => [
      name,
      (((after[at] as number) - (before[at] as number)) * 1e6) / requests,
    ]);
    return Object.fromEntries(each);
  };
}

export const total = (times: ProcessorTime): number =>
  Object.values(times).reduce((sum, time) => sum + time, 0);
