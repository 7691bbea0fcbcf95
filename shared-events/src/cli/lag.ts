import { streamKeys } from '../events/streams.ts';
import { readerStates } from '../streams/reader-states.ts';
import { say, withRedis } from './command.ts';
import { table } from './table.ts';

const head = ['stream', 'reader', 'lag', 'seconds', 'pending', 'oldest (s)', 'dead letters'];
const rounded = (seconds: number) => Math.round(seconds * 10) / 10;

/** Prints how far each group and each projection of each partition is behind. */
export async function lag(): Promise<void> {
  await withRedis(async (redis, layout) => {
    const states = await readerStates(redis, streamKeys(layout));
    const rows = states.map(({ stream, kind, name, lag, pending, oldestPending, deadLetters }) => [
      stream,
      `${kind} ${name}`,
      lag.isMore ? `>${lag.entries}` : lag.entries,
      rounded(lag.seconds),
      pending,
      rounded(oldestPending),
      deadLetters,
    ]);
    for (const line of table(head, rows)) say(line);
  });
}
