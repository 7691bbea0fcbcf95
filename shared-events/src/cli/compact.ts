import { streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { nodeOf } from '../redis/store.ts';
import { compact } from '../streams/compact.ts';
import { holderOf, say, withRedis } from './command.ts';
import { counted, countedEntries } from './counted.ts';
import { progress } from './progress.ts';

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Removes from every stream what a replay does not need and what is older than an age such as 30d. */
export async function compactStreams(olderThan: string | undefined, dryRun: boolean): Promise<void> {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(olderThan ?? '') ?? [];
  if (count === undefined) {
    throw new Failure(
      'no_age',
      'Say with --older-than how old an entry must be to go, such as 30d, 12h, 10m or 0s.',
    );
  }
  const age = Number(count) * units[unit as keyof typeof units];
  await withRedis(async (redis, layout) => {
    for (const stream of streamKeys(layout)) {
      // By the clock that gave the ids.
      const [now] = await (nodeOf(redis, stream) ?? redis).time();
      const before = `${(Number(now) - age) * 1000}-0`;
      const bar = progress({ out: process.stderr, label: stream, total: await redis.xlen(stream) });
      const { superseded, deleted } = await compact({
        redis,
        stream,
        holder: holderOf('compact'),
        before,
        dryRun,
        onRead: bar.add,
      });
      const { done, seconds } = bar.end();
      const would = dryRun ? 'would remove' : 'removed';
      say(
        `${stream}: ${would} ${counted(superseded, 'superseded update')} and ${countedEntries(deleted)} of what is deleted, of ${countedEntries(done)}, in ${seconds.toFixed(1)} s`,
      );
    }
  });
}
