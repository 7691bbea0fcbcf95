import { spawnSync } from 'node:child_process';
import { cpus, release, type } from 'node:os';
import { locate } from '../stack/install.ts';

/** What measured. */
export interface Machine {
  cpu: string;
  cores: number;
  kernel: string;
  node: string;
  redis: string;
  nginx: string;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    kernel: `${type()} ${release()}`,
    node: process.version.slice(1),
    redis: versionOf('redis-server', '--version', /v=(\S+)/),
    nginx: versionOf('nginx', '-v', /nginx\/(\S+)/),
  };
}

function versionOf(program: string, option: string, pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(locate(program) ?? program, [option], { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}
