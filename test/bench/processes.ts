import { readdirSync, readFileSync } from 'node:fs';

// What Linux tells of processes in /proc. Elsewhere there is nothing to read, and figures are left out.

/** A clock tick of /proc, in seconds; the same on every Linux. */
const tick = 0.01;

/** A process and all its descendants as they are now; nothing on a machine without /proc, or where it has ended. */
export function treeOf(root: number | undefined): number[] | undefined {
  if (root === undefined || statOf(root) === undefined) return undefined;
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat) parents.set(Number(name), stat.parent);
  }
  const isIn = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isIn(parents.get(pid)));
  return [...parents.keys()].filter(isIn);
}

/** The processor time that processes have used so far, in seconds. */
export const processorSeconds = (pids: number[]): number =>
  sum(pids.map((pid) => (statOf(pid)?.ticks ?? 0) * tick));

/** The memory that processes have, in bytes; what they share counts for each. */
export const residentBytes = (pids: number[]): number =>
  sum(pids.map((pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, 'status'))?.[1] ?? 0) * 1024));

/** How many files and sockets processes have open. */
export const openDescriptors = (pids: number[]): number =>
  sum(pids.map((pid) => ifThere(() => readdirSync(`/proc/${pid}/fd`).length) ?? 0));

function statOf(pid: number): { parent: number; ticks: number } | undefined {
  const stat = read(pid, 'stat');
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === ''
    ? undefined
    : { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

const read = (pid: number, file: string): string =>
  ifThere(() => readFileSync(`/proc/${pid}/${file}`, 'latin1')) ?? '';

/** What is read of a process; nothing where the process has ended, or there is no /proc. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

const sum = (list: number[]): number => list.reduce((total, value) => total + value, 0);
