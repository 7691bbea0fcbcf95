import { taskEvents } from './task-events.ts';
import { userEvents } from './user-events.ts';

/** Every stream there is. */
export const allStreams = [userEvents, taskEvents];

/** Returns the keys of all partitions of all streams. */
export const streamKeys = (partitions: number): string[] =>
  allStreams.flatMap(({ key }) => Array.from({ length: partitions }, (_, partition) => key(partition)));
