import { type Layout, partitionOf } from 'shared-events';
import { compareIds } from '../../shared-events/src/streams/entry-id.ts';
import type { Attempt } from '../faults/client.ts';
import type { History, Written } from '../faults/history.ts';
import type { Outcome } from '../faults/survive.ts';
import { feedProblems } from './feed.ts';
import { type ClusterWorld, shardOf } from './world.ts';

/**
 * Adds what a cluster promises beside all else: with one shard broken, requests for the others do not fail; and what
 * the feed promises.
 * @param hit the shards that a fault breaks
 */
export async function judgeShards(
  { broken, row }: Outcome,
  world: ClusterWorld,
  hit: number[],
): Promise<Outcome> {
  const { history } = world;
  const of = (isHit: boolean) =>
    history.attempts.filter(({ client = 0 }) => hit.includes(shardOf(client)) === isHit);
  const elsewhere = of(false);
  const wrong = elsewhere
    .filter(isFailed)
    .map(({ method, path, status, text }) => `H ${method} ${path} ${status} ${text}`);
  const more = [...wrong, ...(await denials(world)), ...(await feedProblems(world))];
  return {
    broken: [...broken, ...more],
    row: {
      ...row,
      broken: [...new Set([...row.broken, ...more.map((line) => line.charAt(0))])],
      pause: longestPause(of(true)),
      ...(elsewhere.length > 0 && {
        elsewhere: { failed: wrong.length, pause: longestPause(elsewhere), p99: p99Of(elsewhere) },
      }),
    },
  };
}

/** What a service or a replica lacked a right for. */
async function denials({ nodes }: ClusterWorld): Promise<string[]> {
  const logs = await Promise.all(nodes.map(({ redis }) => redis.acl('LOG')));
  return logs.flat().map((entry) => `G ${String(entry)}`);
}

const isFailed = ({ status }: Attempt): boolean => typeof status !== 'number' || status >= 500;
const isDone = ({ status }: Attempt): boolean => typeof status === 'number' && status < 300;

/** How long a shard answered nothing with 2xx, at the longest, in milliseconds. */
function longestPause(attempts: Attempt[]): number {
  const shards = Map.groupBy(attempts.filter(isDone), ({ client = 0 }) => shardOf(client));
  const pauses = [...shards.values()].flatMap((done) => {
    const ends = done.map(({ at, ms }) => at + ms).sort((one, other) => one - other);
    return ends.map((end, n) => end - (ends[n - 1] ?? end));
  });
  return Math.round(Math.max(0, ...pauses));
}

function p99Of(attempts: Attempt[]): number {
  const times = attempts.map(({ ms }) => ms).sort((one, other) => one - other);
  return Math.round(times[Math.floor(times.length * 0.99)] ?? 0);
}

const isLost = (line: string): boolean => /^A \S+ has 0 events/.test(line);

/**
 * Counts what was acknowledged and is lost, where writes are not confirmed. That is no breach, but the rest is: what is
 * left must be whole, and of each stream only an end may be missing.
 */
export function countLost({ broken, row }: Outcome, { history, layout }: ClusterWorld): Outcome {
  // What clients took for broken follows from what is lost.
  const known = new Set(history.violations.filter((line) => !/^[FG]/.test(line)));
  const lost = new Set(broken.filter(isLost).map((line) => /requests (.*)$/.exec(line)?.[1]));
  const left = [
    ...broken.filter((line) => !known.has(line) && !isLost(line)),
    ...holes(history, lost, layout),
  ];
  return {
    broken: left,
    row: { ...row, broken: [...new Set(left.map((line) => line.charAt(0)))], lost: lost.size },
  };
}

/** What is missing from within a stream. What was written after a failover follows on what is lost, though. */
function* holes({ written }: History, lost: Set<string | undefined>, layout: Layout) {
  const isMissing = ({ requests }: Written) => lost.has(String(requests));
  const streamOf = ({ subject, user }: Written) => `${subject === user} ${partitionOf(user, layout)}`;
  for (const [stream, writes] of Map.groupBy(
    written.filter(({ version }) => version !== undefined),
    streamOf,
  )) {
    const inOrder = writes.sort((one, other) => compareIds(one.version ?? '', other.version ?? ''));
    const rows = inOrder.filter((write, at) => isMissing(write) && !isMissing(inOrder[at - 1] ?? write));
    if (rows.length > 1) yield `C writes are missing from ${rows.length} places of ${stream}`;
  }
}
