/** Whether a replay puts right what is not as the events say, or only tells of it. */
export type ReplayMode = 'replay' | 'verify';

/** What can be replayed: one partition of what is kept of a stream. */
export interface ReplayTarget {
  /** the key of the stream's partition */
  stream: string;
  /**
   * Puts right, or in mode `verify` only compares, what is kept, while reads and writes go on. Tells of the entries it
   * reads, and of each difference in a sentence. Fails when the signal aborts; it may be begun again.
   */
  replay(
    mode: ReplayMode,
    signal: AbortSignal,
    onRead: (entries: number) => void,
    onDifference: (what: string) => void,
  ): Promise<void>;
  /** Resolves to the state as it was at an id: a JSON text for each thing there was, in order. */
  stateAt(until: string, onRead: (entries: number) => void): Promise<string[]>;
}
