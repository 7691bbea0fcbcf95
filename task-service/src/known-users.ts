import { isId, UndecodableEntry, type UserEvent, userEvents } from 'shared-events';
import type { Projection } from 'shared-events/streams';

/** The task service's projection of the users there are: each with the version it was last seen at. */
export const knownUsers: Projection<UserEvent['type']> = {
  name: 'known-users',
  stream: userEvents,
  fold({ id, type, subject }) {
    if (!isId(subject)) throw new UndecodableEntry('malformed_entry', id, `${subject} is the id of no user`);
    return [[subject, type === 'user.deleted' ? undefined : id]];
  },
};
