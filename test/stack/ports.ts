import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Whether a port of the loopback address can be listened on. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The least port that is given: no browser, and no `fetch`, calls 10080, and only few below it are free for all. */
const least = 10_081;

/**
 * A free port below the range from which the system picks ports for outgoing connections. No other process that asks
 * here gets it while this one lives, so that what listens on it may stop and start again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(least, 32_000);
    if (await isOwn(port)) return port;
  }
}

/**
 * Free ports in a row for the nodes of a Redis Cluster; those 10,000 above, on which the nodes reach each other, are free
 * as well.
 */
export async function freeNodePorts(count: number): Promise<number[]> {
  for (;;) {
    const first = randomInt(least, 22_000 - count);
    const ports = Array.from({ length: count }, (_, node) => first + node);
    const own = await Promise.all(ports.flatMap((port) => [isOwn(port), isOwn(port + 10_000)]));
    if (own.every(Boolean)) return ports;
  }
}

const isOwn = async (port: number): Promise<boolean> => (await reserve(port)) && (await isFree(port));

/** Whether the port is now this process's own among those that ask here. The system ends that with the process. */
async function reserve(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const sign = createServer().unref();
  return new Promise((resolve) => {
    sign.once('error', () => resolve(false));
    sign.listen(`\0task-manager-port:${port}`, () => resolve(true));
  });
}
