import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { credentials } from '../stack/accounts.ts';

/** Gives Redis the account of a file in the form of shared-events/redis/users.acl, with a password of this process. */
export async function addAccount(redis: Redis, file: URL): Promise<void> {
  const rules = readFileSync(file, 'utf8').replaceAll(/^#.*$/gm, '').trim().split(/\s+/);
  const [, name = '', , ...rights] = rules;
  await redis.acl('SETUSER', name, 'on', `>${credentials(name).REDIS_PASSWORD}`, ...rights.slice(1));
}
