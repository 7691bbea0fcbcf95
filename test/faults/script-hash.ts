import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/parts.ts';

/** Returns the hash under which a script is run, as `script` puts it together. */
export function hashOf(...files: string[]): string {
  const sources = files.map((file) => readFileSync(join(root, file), 'utf8'));
  return createHash('sha1')
    .update(['#!lua', ...sources].join('\n'))
    .digest('hex');
}
