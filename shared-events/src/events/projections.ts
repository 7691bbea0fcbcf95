import { hashTag } from './ids.ts';
import { userEvents } from './user-events.ts';

/** The projections there are: which stream each follows, and in which key it keeps its field `position`. */
export const projections = [
  {
    name: 'known-users',
    stream: userEvents.name,
    key: (partition: number) => `known-users:${hashTag(partition)}`,
  },
] as const;
