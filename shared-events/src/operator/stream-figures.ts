import { allStreams } from '../events/streams.ts';
import type { Store } from '../redis/store.ts';
import { readReaders } from './readers.ts';

type Readers = Awaited<ReturnType<typeof readReaders>>;

/** What the streams and their readers are at, those of all partitions together; times in milliseconds since 1970. */
export interface StreamFigures {
  time: number;
  streams: { stream: string; added: number }[];
  readers: { kind: string; name: string; stream: string; lag: number; seconds: number; pending: number }[];
  deadLetters: number;
}

/** Returns what takes the figures of some streams from Redis. */
export const streamFigures =
  (redis: Store, streams: readonly string[]) => async (): Promise<StreamFigures> => {
    const { time, ...state } = await readReaders({ redis, streams });
    return {
      time: Date.parse(time),
      streams: allStreams.map(({ name }) => ({
        stream: name,
        added: sum(state.streams.filter(isOf(name)).map(({ added }) => added)),
      })),
      readers: allStreams.flatMap(({ name }) => readersOf(name, state.readers.filter(isOf(name)))),
      deadLetters: sum(state.readers.map(({ deadLetters }) => deadLetters)),
    };
  };

/** The readers of one stream, each once. */
function readersOf(stream: string, states: Readers['readers']): StreamFigures['readers'] {
  const groups = Map.groupBy(states, ({ kind, name }) => `${kind} ${name}`);
  return [...groups.values()].map((parts) => ({
    kind: parts[0]?.kind ?? '',
    name: parts[0]?.name ?? '',
    stream,
    lag: sum(parts.map(({ lag }) => lag.entries)),
    seconds: Math.max(...parts.map(({ lag }) => lag.seconds)),
    pending: sum(parts.map(({ pending }) => pending)),
  }));
}

/** Whether something is of a partition of a stream. */
const isOf =
  (name: string) =>
  ({ stream }: { stream: string }): boolean =>
    stream.startsWith(`${name}:{`);

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
