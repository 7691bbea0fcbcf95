import { Counter, type Registry } from 'prom-client';
import { isId } from 'shared-events';
import type { Stored } from 'shared-events/records';
import { Failure } from 'shared-events/service';
import type { NewTaskRequest, TaskStore } from './store.ts';
import type { UserClient } from './user-client.ts';

/** Until when after the beginning the user service may vouch for a user, in milliseconds. */
const verifyTimeout = 2000;

const unknownUser = () => new Failure('unknown_user', 'There is no user with this userId.');

export interface UserCheck {
  store: Pick<TaskStore, 'create'>;
  users: UserClient;
  /** Told of how each check was answered. */
  onCheck(answered: 'locally' | 'over_http'): void;
}

/** Returns what counts how checks were answered. */
export function countChecks(registry: Registry): UserCheck['onCheck'] {
  const checks = new Counter({
    name: 'user_checks_total',
    help: 'How it was found out whether the user of a new task exists: locally, or over HTTP as well',
    labelNames: ['answered'],
    registers: [registry],
  });
  return (answered) => checks.inc({ answered });
}

/**
 * Creates a task if its user exists at this moment. What is known here decides; only for a user who is not known
 * here, or if too much is not yet applied to be sure, is the user service asked. If it vouches for the user, the task
 * is created unless the user was deleted after that. Fails with `unknown_user` or `user_unverifiable`.
 */
export async function createForKnownUser(
  { store, users, onCheck }: UserCheck,
  request: NewTaskRequest,
): Promise<Stored> {
  const { task, context } = request;
  if (!isId(task.userId)) throw unknownUser();
  const begin = performance.now();
  let vouched: NewTaskRequest['vouched'];
  for (;;) {
    const outcome = await store.create({ ...request, vouched });
    if ('stored' in outcome) {
      if (vouched === undefined) onCheck('locally');
      return outcome.stored;
    }
    if (vouched !== undefined && outcome.user === 'unknown') throw unknownUser();
    onCheck('over_http');
    const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(begin + verifyTimeout - performance.now())));
    const version = await users.versionOf(task.userId, context, deadline).catch((cause: unknown) => {
      throw new Failure(
        'user_unverifiable',
        'The user is not known here, and the user service could not be asked. Try again.',
        { cause },
      );
    });
    if (version === undefined) throw unknownUser();
    vouched = { at: outcome.asOf, version };
  }
}
