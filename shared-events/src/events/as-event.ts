import { type CloudEvent, toCloudEvent } from './cloud-event.ts';
import { type RawEntry, UndecodableEntry } from './entry.ts';

/** An entry that is no event, as it stands, and why. */
export interface NoEvent {
  stream: string;
  id: string;
  reason: string;
  fields: string[];
}

/** An entry as the CloudEvent it is, or as it stands with the reason why it is none. */
export function asEvent(stream: string, entry: RawEntry): CloudEvent | NoEvent {
  try {
    return toCloudEvent(stream, entry);
  } catch (error) {
    if (!(error instanceof UndecodableEntry)) throw error;
    return { stream, id: entry[0], reason: error.message, fields: entry[1] };
  }
}
