import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Part } from './part.ts';
import { gatewayPart, type Ports, redisPart, servicePart } from './parts.ts';
import { freePort } from './ports.ts';

export interface StackOptions {
  /** Any free ports when left out. */
  ports?: Ports;
  /** Where the data is kept; a temporary folder, removed by `stop`, when left out. */
  dir?: string;
  /** For both services. */
  env?: Record<string, string>;
  /** Whether a part that ends without being asked to is started again. */
  supervised?: boolean;
  /** Told of each line a part prints. */
  onLine?(part: string, line: string): void;
}

/** The whole system on this machine: what it consists of and where it is. */
export interface Stack {
  ports: Ports;
  /** The addresses of the gateway and, past it, of the services. */
  urls: { gateway: string; users: string; tasks: string };
  redis: Part;
  users: Part;
  tasks: Part;
  gateway: Part;
  /** The parts, in the order in which they stop. */
  parts: Part[];
  /** Starts all parts and waits until they serve; where one does not, the others are stopped again. */
  start(): Promise<void>;
  /** Stops all parts in order: first the gateway, last Redis. May be called twice. */
  stop(): Promise<void>;
}

/** Puts a stack together without starting it. */
export async function createStack(options: StackOptions = {}): Promise<Stack> {
  const { env = {}, supervised = false, onLine = () => undefined } = options;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'stack-'));
  const ports = options.ports ?? (await freePorts());
  const setting = (name: string) => ({ ports, supervised, onLine: (line: string) => onLine(name, line) });
  const url = (port: number) => `http://127.0.0.1:${port}`;

  const redis = redisPart(join(dir, 'redis'), setting('redis'));
  const users = servicePart('user-service', env, setting('user-service'));
  const tasks = servicePart('task-service', env, setting('task-service'));
  const gateway = gatewayPart(join(dir, 'gateway'), setting('gateway'));
  const parts = [gateway, tasks, users, redis];

  async function stop(): Promise<void> {
    for (const part of parts) await part.stop();
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  }

  return {
    ports,
    urls: { gateway: url(ports.gateway), users: url(ports.users), tasks: url(ports.tasks) },
    redis,
    users,
    tasks,
    gateway,
    parts,
    async start() {
      const results = await Promise.allSettled(parts.map((part) => part.start()));
      const failed = results.find((result) => result.status === 'rejected');
      if (!failed) return;
      await stop();
      throw failed.reason;
    },
    stop,
  };
}

/** Starts a stack on any free ports, with data of its own. */
export async function startStack(options?: StackOptions): Promise<Stack> {
  const stack = await createStack(options);
  await stack.start();
  return stack;
}

/** A free port for each part. */
export async function freePorts(): Promise<Ports> {
  return {
    gateway: await freePort(),
    users: await freePort(),
    tasks: await freePort(),
    redis: await freePort(),
  };
}
