import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Store } from './store.ts';

/** Runs the script with all keys it touches and its arguments, in one round trip. */
export type Script = (redis: Store, keys: string[], args: (string | number)[]) => Promise<unknown>;

/** The names of all scripts there are, by what they are sent as. */
const names = new Map<string, string>();

/** The name of a script, that of its last file, from its hash or its source; nothing for one that is not from here. */
export const scriptName = (sent: string): string | undefined => names.get(sent);

/**
 * A Lua script put together from files, read once. Redis refuses it as a whole when memory is out, before its first
 * step (that is what the bare `#!lua` line asks for). It is sent by its hash, and in full if Redis does not
 * know it (yet, or after a restart).
 */
export const script = (...files: URL[]): Script => assemble('#!lua', files);

/** The same for a script that only reads: it runs also if nothing may be written, and cannot write. */
export const readingScript = (...files: URL[]): Script => assemble('#!lua flags=no-writes', files);

/** The same for a script that writes so little that it may run also when memory is out, such as one that takes a lock. */
export const smallScript = (...files: URL[]): Script => assemble('#!lua flags=allow-oom', files);

function assemble(header: string, files: URL[]): Script {
  const source = [header, ...files.map((file) => readFileSync(file, 'utf8'))].join('\n');
  const hash = createHash('sha1').update(source).digest('hex');
  const name = basename(files.at(-1)?.pathname ?? '', '.lua');
  names.set(hash, name).set(source, name);
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(source, keys.length, ...keys, ...args);
    }
  };
}
