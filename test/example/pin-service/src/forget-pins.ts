import { userEvents } from 'shared-events';
import { type Reaction, reaction } from 'shared-events/streams';
import type { PinStore } from './store.ts';

/** The reaction to a deleted user: their pin goes too, with its event. A pin that is gone is not deleted twice. */
export const forgetPins = ({ store }: { store: Pick<PinStore, 'remove'> }): Reaction =>
  reaction({
    name: 'forget-pins',
    stream: userEvents,
    types: ['user.deleted'],
    async handle({ subject, request, trace }) {
      await store.remove(subject, { context: { request, trace }, allows: () => true });
    },
  });
