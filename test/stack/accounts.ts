import { randomBytes } from 'node:crypto';

const newPassword = () => randomBytes(16).toString('hex');

/** The passwords of the accounts in Redis (see shared-events/redis/users.acl), made anew by each process. */
const passwords = {
  'user-service': newPassword(),
  'task-service': newPassword(),
  operator: newPassword(),
};

/** What makes a connection one of an account, as the services read it from the environment. */
export const credentials = (account: keyof typeof passwords) => ({
  REDIS_USERNAME: account,
  REDIS_PASSWORD: passwords[account],
});

/** The passwords of all accounts, as Redis is given them. */
export const accountPasswords = {
  USER_SERVICE_REDIS_PASSWORD: passwords['user-service'],
  TASK_SERVICE_REDIS_PASSWORD: passwords['task-service'],
  OPERATOR_REDIS_PASSWORD: passwords.operator,
};
