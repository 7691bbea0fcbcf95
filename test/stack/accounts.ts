import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The passwords of the accounts (see shared-events/redis/*.acl), made anew by each process, as Redis is given them. */
export const accountPasswords: Record<string, string> = {};

/**
 * What makes a connection one of an account, as the services read it from the environment. An account that has no
 * password yet is given one.
 */
export function credentials(account: string) {
  const variable = `${account.toUpperCase().replaceAll('-', '_')}_REDIS_PASSWORD`;
  accountPasswords[variable] ??= randomBytes(16).toString('hex');
  return { REDIS_USERNAME: account, REDIS_PASSWORD: accountPasswords[variable] };
}

for (const file of ['users.acl', 'cluster.acl']) {
  const text = readFileSync(new URL(`../../shared-events/redis/${file}`, import.meta.url), 'utf8');
  for (const [, account = ''] of text.matchAll(/^user (\S+)/gm)) credentials(account);
}
