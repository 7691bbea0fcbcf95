export { consume, consumeBlock } from './streams/consume.ts';
export { deadLetters } from './streams/dead-letters.ts';
export { readBatches } from './streams/entries.ts';
export { type Evidence, evidenceArgs, evidenceLua } from './streams/evidence.ts';
export { follow, followBlock } from './streams/follow.ts';
export { groupKeys, LeaseLost } from './streams/group.ts';
export { pagesAfter } from './streams/pages.ts';
export { positionsKey } from './streams/positions.ts';
export {
  type Changes,
  type KeptProjection,
  keptProjection,
  type Projection,
  projectionKey,
} from './streams/projection.ts';
export { type Handler, type Handling, type Reaction, reaction } from './streams/reaction.ts';
