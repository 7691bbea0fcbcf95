import type { Redis } from 'ioredis';
import { type RawEntry, subjectOf, userEvents } from 'shared-events';
import type { ReplayTarget } from 'shared-events/cli';
import { endOf, pagesAfter } from 'shared-events/streams';
import { foldUsers, knownUsers, knownUsersKey } from './known-users.ts';

/** What the projection keeps beside users. */
const ownFields = new Set(['position', 'passed']);

/** What `npm run replay -- known-users` rebuilds: beside the live projection, which it then replaces in one step. */
export function knownUsersTarget(redis: Redis, partition: number): ReplayTarget {
  const stream = userEvents.key(partition);
  const range = { redis, stream };
  const live = knownUsersKey(partition);
  const shadow = `${live}:replay`;
  const onUndecodable = () => undefined;

  /** Builds the shadow from the first entry on, until it has all there is. */
  async function build(signal: AbortSignal, onRead: (entries: number) => void): Promise<void> {
    await redis.unlink(shadow);
    const projection = knownUsers({ redis, stream, key: shadow, onUndecodable });
    let position = '0-0';
    for await (const page of pagesAfter(range, position)) {
      signal.throwIfAborted();
      position = await projection.apply(position, page);
      onRead(page.length);
    }
  }

  /** The users whom the two projections do not agree on, other than those that changed while they were compared. */
  async function differences(since: string): Promise<string[]> {
    const users = new Set<string>();
    for (const [one, other] of [
      [live, shadow],
      [shadow, live],
    ] as const) {
      for await (const found of redis.hscanStream(one, { count: 1000 })) {
        const fields = found as string[];
        const names = fields.filter((_, at) => at % 2 === 0);
        const values = names.length > 0 ? await redis.hmget(other, ...names) : [];
        for (const [at, name] of names.entries()) {
          if (!ownFields.has(name) && values[at] !== fields[2 * at + 1]) users.add(name);
        }
      }
    }
    for await (const page of pagesAfter(range, since)) {
      for (const entry of page) users.delete(subjectOf(entry));
    }
    return [...users].sort();
  }

  return {
    stream,
    async rebuild(mode, signal, onRead, onDifference) {
      const since = await endOf(range);
      await build(signal, onRead);
      for (const user of await differences(since))
        onDifference(`user ${user} is not known as the events say`);
      signal.throwIfAborted();
      if (mode === 'verify') await redis.unlink(shadow);
      else if ((await redis.exists(shadow)) === 0) await redis.unlink(live);
      else await redis.rename(shadow, live);
    },
    async stateAt(until, onRead) {
      const users = new Map<string, string>();
      for await (const page of pagesAfter(range, '0-0', until)) {
        for (const [user, version] of foldUsers(page as RawEntry[], onUndecodable)) {
          if (version === undefined) users.delete(user);
          else users.set(user, version);
        }
        onRead(page.length);
      }
      return [...users].sort().map(([userId, version]) => JSON.stringify({ userId, version }));
    },
  };
}
