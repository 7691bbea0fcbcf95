export { follow, followBlock, type Projection } from './streams/follow.ts';
export {
  homePartition,
  type Idempotency,
  idempotency,
  markerKey,
  markerSeconds,
} from './streams/idempotency.ts';
export { claimPartitions } from './streams/partitions.ts';
export {
  type ChangeRequest,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from './streams/records.ts';
export { type Script, script } from './streams/script.ts';
