import type { Store } from '../redis/store.ts';
import { availableOf } from '../redis/unavailable.ts';
import { type GroupState, groupStates, lagOf } from './lag.ts';
import type { StreamRange } from './pages.ts';
import { positionsIn } from './positions.ts';

/** What a reader of a stream is at; a projection has nothing pending and no dead letters. */
export interface ReaderState extends Omit<GroupState, 'group'> {
  stream: string;
  kind: 'group' | 'projection';
  name: string;
}

/**
 * Resolves to what every group of these streams is at, and every projection that follows one of them; of those streams
 * that can be asked, if some can.
 */
export async function readerStates(redis: Store, streams: readonly string[]): Promise<ReaderState[]> {
  const states = await availableOf(
    streams.map((stream) => Promise.all([groupsOf({ redis, stream }), projectionsOf({ redis, stream })])),
  );
  return [...states.flatMap(([groups]) => groups), ...states.flatMap(([, projections]) => projections)];
}

const groupsOf = async (range: StreamRange): Promise<ReaderState[]> =>
  (await groupStates(range)).map(({ group, ...state }) => ({
    stream: range.stream,
    kind: 'group',
    name: group,
    ...state,
  }));

async function projectionsOf(range: StreamRange): Promise<ReaderState[]> {
  const { stream } = range;
  const idle = { pending: 0, oldestPending: 0, deadLetters: 0 };
  return Promise.all(
    (await positionsIn(range)).map(async ({ name, position }) => ({
      stream,
      kind: 'projection' as const,
      name,
      position,
      lag: await lagOf(range, position),
      ...idle,
    })),
  );
}
