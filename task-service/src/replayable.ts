import { knownUsers } from './known-users.ts';
import { taskRecords } from './task-records.ts';

/** What a replay makes again, and a change of the layout takes along. */
export const replayable = { records: [taskRecords], projections: [knownUsers] };
