interface KeyedQueueOptions<Item> {
  /** Returns what items have in common that must be worked on in order. */
  keyOf(item: Item): string;
  /** Works on an item; must not fail. */
  work(item: Item): Promise<void>;
}

export interface KeyedQueue<Item> {
  /** Takes an item in. Those of one key are worked on one after the other, as they came; others meanwhile. */
  add(item: Item): void;
  /** Resolves when at most so many items are left, or the signal aborts. One may wait at a time. */
  downTo(size: number, signal?: AbortSignal): Promise<void>;
}

/** Makes a queue in which the items of a key wait for each other. Who adds to it bounds it, by `downTo`. */
export function keyedQueue<Item>({ keyOf, work }: KeyedQueueOptions<Item>): KeyedQueue<Item> {
  /** The keys that are worked on, each with the items that wait behind the one in work. */
  const waiting = new Map<string, Item[]>();
  let size = 0;
  let smaller = Promise.withResolvers<void>();

  async function workOn(key: string, first: Item): Promise<void> {
    const behind: Item[] = [];
    waiting.set(key, behind);
    for (let item: Item | undefined = first; item !== undefined; item = behind.shift()) {
      await work(item);
      size -= 1;
      smaller.resolve();
    }
    waiting.delete(key);
  }

  return {
    add(item) {
      size += 1;
      const key = keyOf(item);
      const behind = waiting.get(key);
      if (behind) behind.push(item);
      else workOn(key, item);
    },
    async downTo(target, signal) {
      const give = () => smaller.resolve();
      signal?.addEventListener('abort', give);
      while (size > target && !signal?.aborted) {
        await smaller.promise;
        smaller = Promise.withResolvers();
      }
      signal?.removeEventListener('abort', give);
    },
  };
}
