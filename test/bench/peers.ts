import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../stack/install.ts';
import { type Part, part } from '../stack/part.ts';
import { type Ports, redisPart, root } from '../stack/parts.ts';
import { freePorts } from '../stack/stack.ts';
import type { Measurable } from './bench.ts';

// The same system on other frameworks: two services, a Redis like this system's, and a plain nginx in front.

const folder = join(root, 'test/bench/peers');

/** What each peer runs. */
const programs = {
  Fastify: 'built/fastify.js',
  Koa: 'built/koa.js',
  NestJS: 'built/nestjs.js',
  floor: 'floor.ts',
} as const;

export type PeerName = keyof typeof programs;
export const peerNames = Object.keys(programs) as PeerName[];

/** Compiles the peers. Fails, saying what to do, where their packages are not installed. */
export function buildPeers(): void {
  if (!existsSync(join(folder, 'node_modules/fastify'))) {
    throw new Error('The peers are not installed. Run: npm ci --prefix test/bench/peers');
  }
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The peers do not compile: ${stdout}`);
}

/** The versions of the frameworks that are installed. */
export function peerVersions(): Record<Exclude<PeerName, 'floor'>, string> {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { Fastify: dependencies.fastify, Koa: dependencies.koa, NestJS: dependencies['@nestjs/core'] };
}

/** Puts a peer together without starting it. Its log goes where that of this system's services goes. */
export async function createPeer(name: PeerName): Promise<Measurable> {
  const dir = mkdtempSync(join(tmpdir(), 'peer-'));
  const ports = await freePorts();
  const setting = { ports, supervised: false, onLine: () => undefined };
  const parts = {
    gateway: gateway(join(dir, 'gateway'), ports),
    'user service': service(programs[name], 'users', ports),
    'task service': service(programs[name], 'tasks', ports),
    Redis: redisPart(join(dir, 'redis'), setting),
  };
  return {
    gateway: `http://127.0.0.1:${ports.gateway}`,
    roots: () => Object.fromEntries(Object.entries(parts).map(([part, { pid }]) => [part, pid()])),
    async start() {
      await parts.Redis.start();
      for (const part of [parts['task service'], parts['user service'], parts.gateway]) await part.start();
    },
    async stop() {
      for (const part of Object.values(parts)) await part.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const isHealthy = async (port: number): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/health`, { headers: { Connection: 'close' } })).ok;

function service(program: string, role: 'users' | 'tasks', ports: Ports): Part {
  return part({
    name: `${program} ${role}`,
    command: process.execPath,
    args: [join(folder, program), role],
    env: {
      PORT: String(ports[role]),
      REDIS_PORT: String(ports.redis),
      TASK_BASE: `http://127.0.0.1:${ports.tasks}`,
      NODE_ENV: 'production',
    },
    isReady: () => isHealthy(ports[role]),
    supervised: false,
    onLine: () => undefined,
  });
}

function gateway(dir: string, ports: Ports): Part {
  mkdirSync(dir);
  copyFileSync(join(folder, 'nginx.conf'), join(dir, 'nginx.conf'));
  const upstream = (name: 'users' | 'tasks') =>
    `upstream ${name} { server 127.0.0.1:${ports[name]}; keepalive 64; }\n`;
  const site = (name: string) => `  location /${name}/ { proxy_pass http://${name}/; }\n`;
  const sites = `${site('users')}${site('tasks')}  location = /health { return 200; }\n`;
  const server = `server {\n  listen 127.0.0.1:${ports.gateway};\n${sites}}\n`;
  writeFileSync(join(dir, 'sites.conf'), `${upstream('users')}${upstream('tasks')}${server}`);
  return part({
    name: 'gateway of a peer',
    command: locate('nginx') ?? 'nginx',
    args: ['-e', 'stderr', '-p', dir, '-c', join(dir, 'nginx.conf')],
    isReady: () => isHealthy(ports.gateway),
    stopSignal: 'SIGQUIT',
    supervised: false,
    onLine: () => undefined,
  });
}
