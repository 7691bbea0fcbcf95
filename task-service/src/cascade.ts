import { userEvents } from 'shared-events';
import type { Handler } from 'shared-events/streams';
import type { TaskStore } from './store.ts';

/** The consumer group of the cascade. */
export const cascadeGroup = 'cascade';

type Collaborators = { store: Pick<TaskStore, 'deleteSome' | 'forgetKeys'> };

/**
 * The reaction to a deleted user: their tasks go too, each with its event, and the Idempotency-Keys they were made
 * with. It may end after any batch and begin again: a task that is gone is not deleted twice.
 */
export const cascade = ({ store }: Collaborators): Handler =>
  async function handle(entry, { signal, progress }) {
    const { type, subject, request, trace } = userEvents.decode(entry);
    switch (type) {
      case 'user.created':
      case 'user.updated':
        return;
      case 'user.deleted':
        while (await store.deleteSome(subject, { request, trace })) {
          signal.throwIfAborted();
          await progress();
        }
        return store.forgetKeys(subject);
    }
  };
