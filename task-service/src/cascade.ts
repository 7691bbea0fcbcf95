import { userEvents } from 'shared-events';
import { type Reaction, reaction } from 'shared-events/streams';
import type { TaskStore } from './store.ts';

/**
 * The reaction to a deleted user: their tasks go too, each with its event. It may end after any batch and begin again: a
 * task that is gone is not deleted twice.
 */
export const cascade = ({ store }: { store: Pick<TaskStore, 'deleteSome'> }): Reaction =>
  reaction({
    name: 'cascade',
    stream: userEvents,
    types: ['user.deleted'],
    async handle(deletion, { signal, progress, fence }) {
      while (await store.deleteSome(deletion, fence)) {
        signal.throwIfAborted();
        await progress();
      }
    },
  });
