import { hashTag, type Layout, partitionOf, type RequestContext } from 'shared-events';
import { type Records, recordLua, records, type Stored } from 'shared-events/records';
import { type Store, script } from 'shared-events/redis';
import { appending } from 'shared-events/service';
import { projectionKey } from 'shared-events/streams';
import { openTasks } from './open-tasks.ts';
import { type Pin, pinEvents } from './pin-events.ts';

const writeScript = script(recordLua, new URL('write-pin.lua', import.meta.url));

export interface PinStore extends Records<Pin> {
  /** Writes a pin and its event, in the place of the one before. */
  put(pin: Pin, context: RequestContext): Promise<Stored>;
  /** Resolves to whether the task is an open one of that user, as far as open-tasks has come. */
  isOpen(pin: Pick<Pin, 'id' | 'taskId'>): Promise<boolean>;
}

interface PinStoreOptions {
  redis: Store;
  writer: Store;
  layout: Layout;
}

/** Pins as they are kept in Redis: keys and script. */
export function pinStore({ redis, writer, layout }: PinStoreOptions): PinStore {
  const partition = (userId: string) => partitionOf(userId, layout);
  const recordKey = (userId: string) => `pin:${hashTag(partition(userId))}:${userId}`;
  const keysOf = ({ id }: Pin) => [pinEvents.key(partition(id)), recordKey(id)];

  return {
    ...records({
      redis,
      writer,
      stream: pinEvents,
      updated: 'pin.updated',
      deleted: 'pin.deleted',
      recordKey,
      change: writeScript,
      concerned: (pin) => ({ keys: keysOf(pin), args: [] }),
    }),
    async put(pin, context) {
      const text = JSON.stringify(pin);
      const entry = { type: 'pin.updated', subject: pin.id, data: text, schema: pinEvents.schema } as const;
      const [, version] = (await appending(entry.type, context, (from) =>
        writeScript(writer, keysOf(pin), ['*', ...pinEvents.encode({ ...entry, ...from })]),
      )) as [string, string];
      return { version, text };
    },
    isOpen: async ({ id, taskId }) =>
      (await redis.hget(projectionKey(openTasks, partition(id)), taskId)) === id,
  };
}
