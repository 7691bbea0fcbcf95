import type { Redis } from 'ioredis';
import { hashTag, partitionOf, type RequestContext, type User, userEvents } from 'shared-events';
import {
  type Idempotency,
  keyReused,
  markerKey,
  markerSeconds,
  type Records,
  recordLua,
  records,
  type Stored,
} from 'shared-events/records';
import { script } from 'shared-events/redis';
import { appending } from 'shared-events/service';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const createScript = script(recordLua, lua('apply-user.lua'), lua('create-user.lua'));
const changeScript = script(recordLua, lua('apply-user.lua'), lua('change-user.lua'));

/** The keys of users in a Redis with so many partitions. */
export function userKeys(partitions: number) {
  const partition = (id: string) => partitionOf(id, partitions);
  return {
    partition,
    stream: (id: string) => userEvents.key(partition(id)),
    record: (id: string) => `user:${hashTag(partition(id))}:${id}`,
  };
}

export interface UserStore extends Records<User> {
  /**
   * Writes a new user and its event. With an Idempotency-Key that was used before it writes nothing and resolves to
   * what was created then; fails with `idempotency_key_reused` where that had another body.
   */
  create(user: User, context: RequestContext, idempotency?: Idempotency): Promise<Stored>;
}

/** Users as they are kept in Redis: keys and scripts. */
export function userStore({ redis, partitions }: { redis: Redis; partitions: number }): UserStore {
  const keys = userKeys(partitions);
  const keysOf = (id: string) => [keys.stream(id), keys.record(id)];

  return {
    ...records({
      redis,
      stream: userEvents,
      updated: 'user.updated',
      deleted: 'user.deleted',
      recordKey: keys.record,
      change: changeScript,
      keysOf: ({ id }) => keysOf(id),
      argsOf: () => [],
    }),

    async create(user, context, idempotency) {
      const data = JSON.stringify(user);
      const named = keysOf(user.id);
      if (idempotency) named.push(markerKey(keys.partition(user.id), idempotency));
      const reply = await appending('user.created', context, (from) => {
        const fields = userEvents.encode({ type: 'user.created', subject: user.id, data, ...from });
        return createScript(redis, named, [idempotency?.bodyHash ?? '', markerSeconds, ...fields]);
      });
      const [outcome, version = '', text = data] = reply as string[];
      if (outcome === 'key_reused') throw keyReused();
      return { version, text };
    },
  };
}
