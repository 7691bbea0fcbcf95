import { field, type RawEntry, subjectOf } from '../events/entry.ts';

/**
 * What a script needs that goes by an entry it was given: pass it to `script` before the script's own file. The script
 * asks whether the entry is in the stream of the node that it runs on, before it writes.
 */
export const evidenceLua = new URL('lua/evidence.lua', import.meta.url);

/** What tells an entry from all others, also from one that was given its id again after it was lost. */
export interface Evidence {
  id: string;
  type: string;
  subject: string;
  request: string;
}

/** Returns what tells an entry; of none, the beginning of a stream. */
export const evidenceOf = (entry: RawEntry | undefined): Evidence =>
  entry === undefined
    ? { id: '0-0', type: '', subject: '', request: '' }
    : {
        id: entry[0],
        type: field(entry, 'type') ?? '',
        subject: subjectOf(entry),
        request: field(entry, 'request') ?? '',
      };

/** Returns the arguments that `holds` of evidence.lua is called with. */
export const evidenceArgs = ({ id, type, subject, request }: Evidence): string[] => [
  id,
  type,
  subject,
  request,
];
