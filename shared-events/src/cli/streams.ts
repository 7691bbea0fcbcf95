import { taskEvents } from '../events/task-events.ts';
import { userEvents } from '../events/user-events.ts';

/** Returns the keys of all partitions of all streams. */
export const streamKeys = (partitions: number): string[] =>
  [userEvents, taskEvents].flatMap(({ key }) =>
    Array.from({ length: partitions }, (_, partition) => key(partition)),
  );
