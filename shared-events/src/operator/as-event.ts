import { type RawEntry, toCloudEvent, UndecodableEntry } from '../events.ts';

/** An entry as the CloudEvent it is, or as it stands with the reason why it is none. */
export function asEvent(stream: string, entry: RawEntry): object {
  try {
    return toCloudEvent(stream, entry);
  } catch (error) {
    if (!(error instanceof UndecodableEntry)) throw error;
    return { stream, id: entry[0], reason: error.message, fields: entry[1] };
  }
}
