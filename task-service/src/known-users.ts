import type { Redis } from 'ioredis';
import { isId, projections, type RawEntry, readEntry, UndecodableEntry, userEvents } from 'shared-events';
import { script } from 'shared-events/redis';
import { type Projection, storedPosition } from 'shared-events/streams';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const applyScript = script(lua('apply-known-users.lua'));
const missedScript = script(lua('missed.lua'));

/**
 * The key of the projection: a hash from each user there is to the version it was last seen at, with the fields
 * `position` and `passed` of its own.
 */
export const knownUsersKey = projections[0].key;

const isUserEvent = (type: string) => (userEvents.types as readonly string[]).includes(type);

interface Collaborators {
  redis: Redis;
  /** The key of the stream's partition. */
  stream: string;
  /** The key of the projection, or of one that is to take its place. */
  key: string;
  /** Told of each entry that cannot be understood. The projection passes it by. */
  onUndecodable(error: UndecodableEntry): void;
}

/** The task service's projection of the users there are in one partition. */
export function knownUsers({ redis, stream, key, onUndecodable }: Collaborators): Projection {
  return {
    missed: async () => Number(await missedScript(redis, [stream, key], [])),
    position: () => storedPosition(redis, key),
    async apply(from, batch) {
      const users = [...foldUsers(batch, onUndecodable)];
      const set = users.filter((user): user is [string, string] => user[1] !== undefined);
      const removed = users.filter(([, version]) => version === undefined).map(([id]) => id);
      const last = batch.at(-1)?.[0] ?? from;
      return (await applyScript(
        redis,
        [key],
        [from, last, batch.length, set.length, ...set.flat(), ...removed],
      )) as string;
    },
  };
}

/** What a batch comes to: the version of each user it leaves, nothing for each it removes. */
export function foldUsers(
  batch: RawEntry[],
  onUndecodable: (error: UndecodableEntry) => void,
): Map<string, string | undefined> {
  const users = new Map<string, string | undefined>();
  for (const raw of batch) {
    try {
      const { id, type, subject } = readEntry(raw);
      if (!isUserEvent(type) || !isId(subject)) {
        throw new UndecodableEntry('unknown_type', id, `${type} of ${subject} is no event of a user`);
      }
      users.set(subject, type === 'user.deleted' ? undefined : id);
    } catch (error) {
      if (!(error instanceof UndecodableEntry)) throw error;
      onUndecodable(error);
    }
  }
  return users;
}
