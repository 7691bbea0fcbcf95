import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Ports } from './parts.ts';
import { isFree } from './ports.ts';
import { portVariables } from './start-options.ts';

/** Fails, naming the variable that changes it, if a port is in use or named twice. */
export async function refuseBusyPorts(ports: Ports): Promise<void> {
  const names = Object.keys(portVariables) as (keyof Ports)[];
  for (const [at, name] of names.entries()) {
    const [variable] = portVariables[name];
    const same = names.slice(0, at).find((other) => ports[other] === ports[name]);
    if (same) {
      throw new Error(`${portVariables[same][0]} and ${variable} are both ${ports[name]}; they must differ.`);
    }
    if (await isFree(ports[name])) continue;
    throw new Error(
      `Port ${ports[name]} is in use, perhaps by another npm start; set ${variable} to use another for the ${name}.`,
    );
  }
}

/**
 * Fails if another `npm start` uses this data: two Redis servers on the same files would ruin them. The system lets go of
 * the lock however this process ends.
 */
export async function lockData(dataDir: string): Promise<void> {
  if (process.platform !== 'linux') return;
  mkdirSync(dataDir, { recursive: true });
  const name = createHash('sha256').update(realpathSync(dataDir)).digest('hex');
  const lock = createServer().unref().listen(`\0task-manager:${name}`);
  try {
    await once(lock, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `The data in ${dataDir} is in use by another npm start; set DATA_DIR to use another folder.`,
    );
  }
}
