import { type Layout, partitionsOf } from './layout.ts';
import { taskEvents } from './task-events.ts';
import { userEvents } from './user-events.ts';

/** Every stream there is. */
export const allStreams = [userEvents, taskEvents];

/** Returns the keys of all partitions of all streams. */
export const streamKeys = (layout: Layout): string[] =>
  allStreams.flatMap(({ key }) => partitionsOf(layout).map(key));
