import { untilReady } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { servicePart } from '../stack/parts.ts';
import { entriesOf, untilKnown } from '../stack/redis.ts';
import type { World } from '../stack/world.ts';
import { nextProgram } from '../upgrade/next-program.ts';

/** Today's program, which is the older one here, or the one of the next version: see next-contract.ts. */
export type Program = 'older' | 'newer';
export type Service = 'users' | 'tasks';

/** The two services, each of which runs as one of two programs. */
export interface Programs {
  running: Record<Service, Program>;
  /** The process of a service, as it runs now. */
  part(service: Service): Part;
  /** Stops a service, starts it as this program, and waits until it is ready. */
  restart(service: Service, as: Program): Promise<void>;
  /** Stops the newer programs; the older ones are the stack's. */
  stop(): Promise<void>;
}

/** @param env what the services of the stack were given */
export function programsOf({ stack, gateway }: World, env: Record<string, string>): Programs {
  const setting = { ports: stack.ports, supervised: false, onLine: () => undefined };
  const newer = { ...env, ...nextProgram };
  const parts: Record<Service, Record<Program, Part>> = {
    users: { older: stack.users, newer: servicePart('user-service', newer, setting) },
    tasks: { older: stack.tasks, newer: servicePart('task-service', newer, setting) },
  };
  const running: Record<Service, Program> = { users: 'older', tasks: 'older' };
  const part = (service: Service) => parts[service][running[service]];
  return {
    running,
    part,
    async restart(service, as) {
      await part(service).stop();
      running[service] = as;
      await part(service).start();
      await untilReady(gateway);
    },
    async stop() {
      for (const { newer } of Object.values(parts)) await newer.stop();
    },
  };
}

/**
 * Replays, or verifies, everything as one of the programs. Fails if there was anything to put right, or if the older
 * program has not told of exactly those subjects whose newest event is of the newer one.
 */
export async function replayAll({ stack, redis }: World, as: Program, partitions: number, ...args: string[]) {
  // A replay waits for the known users only a second.
  for (let partition = 0; partition < partitions; partition++) await untilKnown(redis, partition);
  const expected = new Map<string, number>([['known-users', 0]]);
  for (const name of ['users', 'tasks']) {
    const stream = `${name.slice(0, -1)}-events`;
    expected.set(name, as === 'newer' ? 0 : await newestOfNewer(redis, stream, partitions));
  }
  const env = as === 'newer' ? nextProgram : {};
  const { code, output, errors } = await startCommand('replay', stack, ['all', ...args], partitions, env)
    .result;
  const told = [
    ...output.matchAll(/^([\w-]+): .*, (\d+) (?:changed|differences?)(?:, (\d+) not understood)?;/gm),
  ];
  const found = told.map(([, name = '', changes, unread = '0']) => `${name} ${changes} ${unread}`);
  const right = [...expected].map(([name, unread]) => `${name} 0 ${unread}`);
  const expectedCode = right.every((line) => line.endsWith(' 0')) ? 0 : 1;
  if (code === expectedCode && found.sort().join() === right.sort().join()) return;
  throw new Error(
    `a replay as the ${as} program ended with ${code}, not ${right.join()}: ${output}${errors}`,
  );
}

/** How many subjects there are whose newest event only the newer program can read. */
async function newestOfNewer(redis: World['redis'], stream: string, partitions: number): Promise<number> {
  const schemas = new Map<string, number>();
  for (let p = 0; p < partitions; p++) {
    for (const { subject, schema } of await entriesOf(redis, stream, p)) schemas.set(subject, schema);
  }
  return [...schemas.values()].filter((schema) => schema > 1).length;
}
