import type { RawEntry } from '../events/entry.ts';
import type { Event, EventStream } from '../events/event-stream.ts';

/** What the handling of an entry is given beside the entry. */
export interface Handling {
  /** Asks it to end early, because the process stops or another consumer takes over; the entry is tried again then. */
  signal: AbortSignal;
  /**
   * Says that the handling has got on: tries that ended before this are forgotten, so that a long work that is
   * interrupted again and again never becomes a dead letter. Fails if another consumer has taken over.
   */
  progress(): Promise<void>;
  /**
   * What a script can check in the step that has an effect, so that a consumer that was stopped for longer than its lease
   * has none when it wakes: the lease's key, which is in the slot of the stream's partition, holds this holder. A handler
   * fails with LeaseLost if it does not.
   */
  fence: { key: string; holder: string };
}

/** Does what an entry calls for, and resolves when it is done. What it throws decides how it goes on. */
export type Handler = (entry: RawEntry, handling: Handling) => Promise<void>;

/** Something that is done for events of a stream, once for each at least; as a consumer group of the same name. */
export interface Reaction {
  name: string;
  stream: Pick<EventStream<string, unknown>, 'name' | 'key'>;
  /** Whether an entry calls for anything. One that does not is acknowledged as it comes, and never handled. */
  concerns(entry: RawEntry): boolean;
  handle: Handler;
}

interface ReactionOptions<Type extends string, Document, Wanted extends Type> {
  name: string;
  stream: EventStream<Type, Document>;
  /** The types it is for. */
  types: readonly Wanted[];
  handle(event: { [T in Wanted]: Event<T, Document> }[Wanted], handling: Handling): Promise<void>;
}

/** Returns a reaction to events of some types. An entry that is no event of the stream becomes a dead letter. */
export function reaction<Type extends string, Document, const Wanted extends Type>(
  options: ReactionOptions<Type, Document, Wanted>,
): Reaction {
  const { name, stream, types, handle } = options;
  const wanted = new Set<string>(types);
  return {
    name,
    stream,
    concerns(raw) {
      try {
        return wanted.has(stream.envelope(raw).type);
      } catch {
        // Handling it says what is wrong with it.
        return true;
      }
    },
    handle: (raw, handling) => handle(stream.decode(raw) as Parameters<typeof handle>[0], handling),
  };
}
