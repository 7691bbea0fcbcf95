export { type CloudEvent, fromCloudEvent, toCloudEvent } from './events/cloud-event.ts';
export {
  type Entry,
  field,
  type RawEntry,
  type RequestContext,
  readEntry,
  subjectOf,
  UndecodableEntry,
} from './events/entry.ts';
export {
  type Envelope,
  type Event,
  type EventOf,
  type EventStream,
  eventStream,
} from './events/event-stream.ts';
export { isId, newId, routingDigits } from './events/ids.ts';
export {
  firstLayout,
  hashTag,
  type Layout,
  type Partition,
  partitionOf,
  partitionsOf,
} from './events/layout.ts';
export { allStreams } from './events/streams.ts';
export {
  type Task,
  type TaskEvent,
  type TaskStatus,
  taskEvents,
  taskStatuses,
} from './events/task-events.ts';
export { type User, type UserEvent, userEvents } from './events/user-events.ts';
