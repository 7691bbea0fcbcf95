export { changed } from './records/changed.ts';
export { copyArgs, copyLua } from './records/copy.ts';
export { createdRecord, type Idempotency, markerKeys, markerSeconds } from './records/idempotency.ts';
export {
  documentOf,
  inTodaysShape,
  parseRecord,
  type Records,
  recordLua,
  records,
  type Stored,
} from './records/records.ts';
export { type Final, type RecordSet, replayArgs, replayLua, type StepOutcome } from './records/replay.ts';
