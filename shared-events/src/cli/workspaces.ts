import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Returns the workspaces of the project that have a file, each with the path of it: those that are services. */
export function workspacesWith(file: string): { name: string; path: string }[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return workspaces
    .map((name) => ({ name, path: join(root, name, file) }))
    .filter(({ path }) => existsSync(path));
}
