import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { locate } from './install.ts';

/**
 * Runs something with the environment of each set of tools that the scripts beside Redis may meet: this machine's, and
 * busybox's, which the image of Redis has, where this machine has that.
 */
export function eachToolset(run: (tools: string, env: NodeJS.ProcessEnv) => void): void {
  run("this machine's tools", process.env);
  const busybox = locate('busybox');
  if (!busybox) return;
  const dir = mkdtempSync(join(tmpdir(), 'busybox-'));
  const names = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  for (const name of names) symlinkSync(busybox, join(dir, name));
  test.after.always(() => rmSync(dir, { recursive: true }));
  run("busybox's tools", { ...process.env, PATH: `${dir}${delimiter}${process.env.PATH}` });
}
