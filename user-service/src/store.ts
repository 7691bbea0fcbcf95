import type { Redis } from 'ioredis';
import { hashTag, type Origin, partitionOf, type User, userEvents } from 'shared-events';
import { Failure } from 'shared-events/service';
import {
  type Idempotency,
  markerKey,
  markerSeconds,
  type Records,
  recordLua,
  records,
  type Stored,
  script,
} from 'shared-events/streams';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const createScript = script(recordLua, lua('apply-user.lua'), lua('create-user.lua'));
const changeScript = script(recordLua, lua('apply-user.lua'), lua('change-user.lua'));

export interface UserStore extends Records<User> {
  /**
   * Writes a new user and its event. With an Idempotency-Key that was used before it writes nothing and resolves to
   * what was created then; fails with `idempotency_key_reused` where that had another body.
   */
  create(user: User, origin: Origin, idempotency?: Idempotency): Promise<Stored>;
}

/** Users as they are kept in Redis: keys and scripts. */
export function userStore({ redis, partitions }: { redis: Redis; partitions: number }): UserStore {
  const partition = (id: string) => partitionOf(id, partitions);
  const recordKey = (id: string) => `user:${hashTag(partition(id))}:${id}`;
  const keysOf = (id: string) => [userEvents.key(partition(id)), recordKey(id)];

  return {
    ...records({
      redis,
      stream: userEvents,
      updated: 'user.updated',
      deleted: 'user.deleted',
      recordKey,
      change: changeScript,
      keysOf: ({ id }) => keysOf(id),
      argsOf: () => [],
    }),

    async create(user, origin, idempotency) {
      const data = JSON.stringify(user);
      const keys = keysOf(user.id);
      if (idempotency) keys.push(markerKey(partition(user.id), idempotency));
      const fields = userEvents.encode({ type: 'user.created', subject: user.id, data, ...origin });
      const args = [idempotency?.bodyHash ?? '', markerSeconds, ...fields];
      const [outcome, version = '', text = data] = (await createScript(redis, keys, args)) as string[];
      if (outcome === 'key_reused') {
        throw new Failure(
          'idempotency_key_reused',
          'This Idempotency-Key was sent with another body before.',
        );
      }
      return { version, text };
    },
  };
}
