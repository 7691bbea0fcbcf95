import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { busOf } from './cluster.ts';
import type { Ports } from './parts.ts';
import { isFree } from './ports.ts';
import { portVariables } from './start-options.ts';

/** Fails, naming the variable that changes it, if a port is in use or named twice. */
export async function refuseBusyPorts({ cluster, sentinels: _, ...ports }: Ports): Promise<void> {
  const names = Object.keys(portVariables) as (keyof typeof portVariables)[];
  const wanted = names.flatMap((name) => {
    const own = name === 'redis' && cluster ? cluster.flatMap((port) => [port, busOf(port)]) : [ports[name]];
    return own.map((port) => ({ name, port, variable: portVariables[name][0] }));
  });
  for (const [at, { name, port, variable }] of wanted.entries()) {
    const same = wanted.slice(0, at).find((other) => other.port === port);
    if (same) throw new Error(`${same.variable} and ${variable} are both ${port}; they must differ.`);
    if (await isFree(port)) continue;
    throw new Error(
      `Port ${port} is in use, perhaps by another npm start; set ${variable} to use another for the ${name}.`,
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
