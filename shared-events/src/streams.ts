export { compact } from './streams/compact.ts';
export { consume, consumeBlock } from './streams/consume.ts';
export { compareIds } from './streams/entry-id.ts';
export { exclusively } from './streams/exclusive.ts';
export { follow, followBlock, type Projection, storedPosition } from './streams/follow.ts';
export { groupKeys } from './streams/group.ts';
export type { ConsumeEvent, Handler, Handling } from './streams/hand.ts';
export {
  homePartition,
  type Idempotency,
  idempotency,
  keyReused,
  markerKey,
  markerSeconds,
} from './streams/idempotency.ts';
export {
  type GroupState,
  groupNames,
  groupStates,
  type Lag,
  lagOf,
} from './streams/lag.ts';
export { endOf, pagesAfter } from './streams/pages.ts';
export { type Parked, parkedEntries } from './streams/parked.ts';
export { claimPartitions } from './streams/partitions.ts';
export {
  type FollowedStream,
  followedStreams,
  type ReaderState,
  readerStates,
} from './streams/reader-states.ts';
export {
  type Final,
  isGone,
  type Mode,
  type RecordProjection,
  rebuildLua,
  rebuildRecords,
  stateAt,
} from './streams/rebuild.ts';
export {
  type ChangeRequest,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from './streams/records.ts';
export { readingScript, script, scriptName } from './streams/script.ts';
export { tracedHandler, tracedProjection } from './streams/traced.ts';
