import { followedStreams, readerStates } from '../streams/reader-states.ts';
import { say, withRedis } from './command.ts';
import { streamKeys } from './streams.ts';
import { table } from './table.ts';

const head = ['stream', 'reader', 'behind', 'seconds', 'pending', 'oldest (s)', 'parked'];
const rounded = (seconds: number) => Math.round(seconds * 10) / 10;

/** Prints how far each group and each projection of each partition is behind. */
export async function lag(): Promise<void> {
  await withRedis(async (redis, { PARTITIONS }) => {
    const states = await readerStates({
      redis,
      streams: streamKeys(PARTITIONS),
      projections: followedStreams(redis, PARTITIONS),
    });
    const rows = states.map(({ stream, kind, name, behind, pending, oldestPending, parked }) => [
      ...[stream, `${kind} ${name}`, behind.entries, rounded(behind.seconds)],
      ...[pending, rounded(oldestPending), parked],
    ]);
    for (const line of table(head, rows)) say(line);
  });
}
