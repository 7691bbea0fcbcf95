import { type RawEntry, subjectOf } from '../events/entry.ts';
import { type KeyedQueue, keyedQueue } from './keyed-queue.ts';
import type { Handler } from './reaction.ts';
import { type Delivery, isLetGo, type SettleOptions, settling } from './settle.ts';

/** The entries that this consumer was given and has not settled. */
export interface Unsettled {
  queue: KeyedQueue<Delivery>;
  /** Takes entries in, each once. Those that call for nothing are acknowledged when it resolves. */
  add(entries: RawEntry[], isFirst: boolean): Promise<void>;
  has(id: string): boolean;
}

interface UnsettledOptions extends SettleOptions {
  handle: Handler;
  /** Whether an entry is handled; one that is not is acknowledged as it comes. */
  concerns(entry: RawEntry): boolean;
}

/** Makes the place for entries of a consumer: those of a subject are settled one after the other, others meanwhile. */
export function unsettledEntries({ handle, concerns, ...options }: UnsettledOptions): Unsettled {
  const { signal, log } = options;
  const ids = new Set<string>();
  const { settle, passBy } = settling(handle, options);
  const queue = keyedQueue<Delivery>({
    keyOf: ({ entry }) => subjectOf(entry),
    async work(delivery) {
      const [id] = delivery.entry;
      try {
        if (!signal.aborted) await settle(delivery);
      } catch (error) {
        if (!isLetGo(error, signal)) log.error({ err: error, entry: id }, 'an entry is let go');
      }
      ids.delete(id);
    },
  });
  return {
    queue,
    has: (id) => ids.has(id),
    async add(entries, isFirst) {
      const passed: string[] = [];
      for (const entry of entries) {
        const [id] = entry;
        if (ids.has(id)) continue;
        if (!concerns(entry)) {
          passed.push(id);
          continue;
        }
        ids.add(id);
        queue.add({ entry, isFirst });
      }
      if (passed.length > 0) await passBy(passed);
    },
  };
}
