import { projections } from '../events.ts';
import { groupStates, lagOf } from '../streams.ts';
import { say, withRedis } from './command.ts';
import { streamKeys } from './streams.ts';
import { table } from './table.ts';

const head = ['stream', 'reader', 'behind', 'seconds', 'pending', 'oldest (s)', 'parked'];
const rounded = (seconds: number) => Math.round(seconds * 10) / 10;

/** Prints how far each group and each projection of each partition is behind. */
export async function lag(): Promise<void> {
  await withRedis(async (redis, { PARTITIONS }) => {
    const rows: (string | number)[][] = [];
    for (const stream of streamKeys(PARTITIONS)) {
      for (const { group, behind, pending, oldestPending, parked } of await groupStates({ redis, stream })) {
        rows.push([
          stream,
          `group ${group}`,
          behind.entries,
          rounded(behind.seconds),
          pending,
          rounded(oldestPending),
          parked,
        ]);
      }
    }
    for (const { name, stream, key } of projections) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const streamKey = `${stream}:{${partition}}`;
        const position = (await redis.hget(key(partition), 'position')) ?? '0-0';
        const { entries, seconds } = await lagOf({ redis, stream: streamKey }, position);
        rows.push([streamKey, `projection ${name}`, entries, rounded(seconds), 0, 0, 0]);
      }
    }
    for (const line of table(head, rows)) say(line);
  });
}
