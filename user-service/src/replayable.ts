import { userRecords } from './store.ts';

/** What a replay makes again, and a change of the layout takes along. */
export const replayable = { records: [userRecords] };
