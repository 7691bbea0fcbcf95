import {
  hashTag,
  type Layout,
  type Partition,
  partitionOf,
  type RequestContext,
  type User,
  userEvents,
} from 'shared-events';
import {
  copyArgs,
  copyLua,
  createdRecord,
  type Idempotency,
  inTodaysShape,
  markerKeys,
  markerSeconds,
  type RecordSet,
  type Records,
  recordLua,
  records,
  replayArgs,
  replayLua,
  type StepOutcome,
  type Stored,
} from 'shared-events/records';
import { readingScript, type Store, script } from 'shared-events/redis';
import { appending } from 'shared-events/service';
import { evidenceLua } from 'shared-events/streams';

const lua = (file: string) => new URL(`lua/${file}`, import.meta.url);
const createScript = script(recordLua, lua('apply-user.lua'), lua('create-user.lua'));
const changeScript = script(recordLua, lua('apply-user.lua'), lua('change-user.lua'));
const copyScript = script(recordLua, evidenceLua, copyLua, lua('apply-user.lua'), lua('copy-users.lua'));
const replayFiles = [recordLua, evidenceLua, replayLua, lua('apply-user.lua'), lua('replay-user.lua')];
const replaySteps = { replay: script(...replayFiles), verify: readingScript(...replayFiles) };

/** What the markers of Idempotency-Keys begin with. */
const markers = 'user-keys';
const recordName = 'user';
const recordPrefix = (partition: Partition) => `${recordName}:${hashTag(partition)}:`;

/** The keys of users in data that is laid out so. */
function userKeys(layout: Layout) {
  const partition = (id: string) => partitionOf(id, layout);
  return {
    /** Of the stream and of a user's record; in the partition where it is kept, if that may be a wrong one. */
    of: (id: string, at = partition(id)) => [userEvents.key(at), recordPrefix(at) + id],
    /**
     * The marker of an Idempotency-Key, in the partition that the key's hash leads to, as the user's id does; and where
     * it is noted while markers are copied.
     */
    markers: ({ keyHash }: Idempotency) => markerKeys(markers, partition(keyHash), keyHash),
  };
}

export interface UserStore extends Records<User> {
  /**
   * Writes a new user and its event. With an Idempotency-Key that was used before it writes nothing and resolves to
   * what was created then. Fails with `idempotency_key_reused` if that had another body, and with
   * `idempotency_answer_gone` if the event of that creation is there no more.
   */
  create(user: User, context: RequestContext, idempotency?: Idempotency): Promise<Stored>;
}

interface UserStoreOptions {
  redis: Store;
  writer: Store;
  layout: Layout;
}

/** Users as they are kept in Redis: keys and scripts. */
export function userStore({ redis, writer, layout }: UserStoreOptions): UserStore {
  const keys = userKeys(layout);

  return {
    ...records({
      redis,
      writer,
      stream: userEvents,
      updated: 'user.updated',
      deleted: 'user.deleted',
      recordKey: (id) => keys.of(id)[1] as string,
      change: changeScript,
      concerned: ({ id }) => ({ keys: keys.of(id), args: [] }),
    }),

    async create(user, context, idempotency) {
      const written = { text: JSON.stringify(user), schema: userEvents.schema };
      const named = [...keys.of(user.id), ...(idempotency ? keys.markers(idempotency) : [])];
      const reply = await appending('user.created', context, (from) => {
        const entry = { subject: user.id, data: written.text, schema: written.schema, ...from };
        const fields = userEvents.encode({ type: 'user.created', ...entry });
        return createScript(writer, named, [idempotency?.bodyHash ?? '', markerSeconds, ...fields]);
      });
      return inTodaysShape(userEvents, createdRecord(reply as string[], written));
    },
  };
}

/** The records of users, as what their events come to. */
export const userRecords: RecordSet<User> = {
  name: 'users',
  noun: 'user',
  stream: userEvents,
  markers,
  open(redis, partition, layout, listKeys) {
    const keys = userKeys(layout);
    const prefix = recordPrefix(partition);
    const types = { updated: 'user.updated', deleted: 'user.deleted' };
    return {
      async step(final, asOf, mode) {
        const outcome = await replaySteps[mode](
          redis,
          keys.of(final.subject, partition),
          replayArgs(final, asOf, mode, types),
        );
        return outcome as StepOutcome;
      },
      async *orphans(isLiving) {
        for await (const keys of listKeys(recordName, partition)) {
          for (const key of keys) {
            const subject = key.slice(prefix.length);
            if (!isLiving(subject)) yield { subject };
          }
        }
      },
      async append(copies) {
        const recordOf = ({ id }: User) => [prefix + id];
        await copyScript(redis, ...copyArgs(userEvents.key(partition), copies, recordOf));
      },
    };
  },
};
