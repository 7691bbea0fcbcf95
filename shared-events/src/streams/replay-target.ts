import type { UndecodableEntry } from '../events/entry.ts';

/** Whether a replay puts right what is not as the events say, or only tells of it. */
export const replayModes = ['replay', 'verify'] as const;
export type ReplayMode = (typeof replayModes)[number];

/** Is told of what a replay meets. */
export interface ReplayObserver {
  onRead(entries: number): void;
  /** Told of each difference, in a sentence. */
  onDifference(what: string): void;
  /**
   * Told, in a sentence, of each entry that cannot be understood, if it is the newest of its subject: then what is kept of
   * the subject is left as it is, since to go by an older event would undo what the newer one did.
   */
  onUnreadable(what: string): void;
}

/** What can be replayed: one partition of what is kept of a stream. */
export interface ReplayTarget {
  /** the key of the stream's partition */
  stream: string;
  /**
   * Puts right, or in mode `verify` only compares, what is kept, while reads and writes go on. Fails when the signal
   * aborts, or with `disturbed`; it may be begun again.
   */
  replay(mode: ReplayMode, signal: AbortSignal, observer: ReplayObserver): Promise<void>;
  /** Resolves to the state as it was at an id: a JSON text for each thing there was, in order. */
  stateAt(until: string, onRead: (entries: number) => void): Promise<string[]>;
}

/** Returns the sentence for an entry that cannot be understood. */
export const unreadable = ({ entryId, reason }: UndecodableEntry, subject: string): string =>
  `entry ${entryId} of ${subject || 'no subject'} cannot be understood, and what it is about is left as it is: ${reason}`;
