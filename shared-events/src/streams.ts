export { compact } from './streams/compact.ts';
export { consume, consumeBlock } from './streams/consume.ts';
export { type DeadLetter, deadLetters } from './streams/dead-letters.ts';
export { readBatches } from './streams/entries.ts';
export { compareIds } from './streams/entry-id.ts';
export { follow, followBlock, type Projection, storedPosition } from './streams/follow.ts';
export { groupKeys } from './streams/group.ts';
export type { ConsumeEvent, Handler, Handling } from './streams/keyed-queue.ts';
export { type GroupState, groupNames, groupStates, type Lag, lagOf } from './streams/lag.ts';
export { endOf, pagesAfter } from './streams/pages.ts';
export {
  type FollowedStream,
  followedStreams,
  type ReaderState,
  readerStates,
} from './streams/reader-states.ts';
