export { changed } from './records/changed.ts';
export {
  homePartition,
  type Idempotency,
  idempotency,
  keyReused,
  markerKey,
  markerSeconds,
} from './records/idempotency.ts';
export {
  type ChangeRequest,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from './records/records.ts';
export {
  type Final,
  isGone,
  type Mode,
  type RecordProjection,
  rebuildLua,
  rebuildRecords,
  stateAt,
} from './records/replay.ts';
