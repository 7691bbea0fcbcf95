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

/** The same with that of children of theirs that have ended. */
export const processorSecondsWithEnded = (pids: number[]): number =>
  sum(pids.map((pid) => (statOf(pid)?.ticksWithEnded ?? 0) * tick));

/** The time that all processors were busy so far, whoever with, in seconds; nothing on a machine without /proc. */
export function busySeconds(): number | undefined {
  const text = ifThere(() => readFileSync('/proc/stat', 'latin1'));
  if (text === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , ...rest] = (text.split('\n')[0] ?? '')
    .split(/ +/)
    .slice(1)
    .map(Number);
  const [interrupts = 0, softInterrupts = 0, stolen = 0] = rest;
  return sum([user, nice, system, interrupts, softInterrupts, stolen]) * tick;
}

/** The memory that processes have, in bytes; what they share counts for each. */
export const residentBytes = (pids: number[]): number =>
  sum(pids.map((pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, 'status'))?.[1] ?? 0) * 1024));

/** How many files and sockets processes have open. */
export const openDescriptors = (pids: number[]): number =>
  sum(pids.map((pid) => ifThere(() => readdirSync(`/proc/${pid}/fd`).length) ?? 0));

interface Stat {
  parent: number;
  ticks: number;
  ticksWithEnded: number;
}

function statOf(pid: number): Stat | undefined {
  const stat = read(pid, 'stat');
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '') return undefined;
  const used = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), ticks: sum(used.slice(0, 2)), ticksWithEnded: sum(used) };
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
