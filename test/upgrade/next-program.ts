import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The environment that makes a service or a command the program of the next version: see next-contract.ts. */
export const nextProgram = {
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'next-contract.ts'))}`,
};
