import type { Redis } from 'ioredis';
import type { RawEntry } from '../events/entry.ts';
import { type Script, script } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import { compareIds } from './entry-id.ts';
import { streamInfo } from './stream-info.ts';

const lua = (file: string) => new URL(`lua/${file}.lua`, import.meta.url);
const scripts = {
  takeOver: script(lua('group'), lua('take-over')),
  begin: script(lua('group'), lua('begin')),
  ack: script(lua('group'), lua('ack')),
  progress: script(lua('group'), lua('progress')),
  park: script(lua('group'), lua('park')),
};

/** The keys a consumer group has beside its stream. */
export const groupKeys = (stream: string, group: string) => ({
  /** which consumer works for the group */
  lease: `${stream}:lease:${group}`,
  /** everything up to this id is settled; where a lost group is made again */
  checkpoint: `${stream}:checkpoint:${group}`,
  /** the dead letters */
  dead: `${stream}:dead:${group}`,
});

/**
 * Thrown if what a consumer was given is no longer its own: another has taken the lease, or an entry is not there. It is
 * let go, and whoever has the lease takes over what is pending then.
 */
export class LeaseLost extends Error {}

/**
 * A consumer group as one consumer sees it: each method is one step in Redis. All but `ensure`, `read`
 * and `readNew` fail with LeaseLost if another consumer holds the lease.
 */
export function consumerGroup(redis: Store, stream: string, group: string, consumer: string) {
  const { lease, checkpoint, dead } = groupKeys(stream, group);
  const keys = [stream, lease, checkpoint];
  /** Whether what was read until now was read from the very Redis that the scripts run on. */
  let isCertain = false;

  function doubt(error: unknown): never {
    isCertain = false;
    throw error;
  }

  async function run(step: Script, args: (string | number)[] = [], more: string[] = []): Promise<unknown> {
    const all = [group, consumer, isCertain ? 'certain' : '', ...args];
    const reply = await step(redis, [...keys, ...more], all).catch(doubt);
    if ((Array.isArray(reply) ? reply[0] : reply) === 'lost')
      throw new LeaseLost(`another consumer has the lease of ${stream} ${group}`);
    return reply;
  }

  return {
    /**
     * Makes the group if it is missing: at its checkpoint, or at the beginning if it has none or the stream itself was
     * begun anew: then the last id it has given out is before the checkpoint. Resolves to where, if it did.
     */
    async ensure(): Promise<string | undefined> {
      const settled = (await redis.get(checkpoint)) ?? '0-0';
      const { last } = await streamInfo(redis, stream);
      const from = compareIds(last, settled) < 0 ? '0-0' : settled;
      try {
        await redis.xgroup('CREATE', stream, group, from, 'MKSTREAM');
        return from;
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return undefined;
        throw error;
      }
    },
    /**
     * Takes over all that is pending, without counting a try. Resolves to the ids in order; `gone` are those whose
     * entries were removed from the stream meanwhile, `unread` is how many were removed before they were read.
     */
    async takeOver(): Promise<{ pending: string[]; gone: string[]; unread: number }> {
      const reply = await run(scripts.takeOver);
      isCertain = true;
      const [, pending, gone, unread] = reply as [string, string[], string[], number];
      return { pending, gone, unread };
    },
    /** The entries of these ids, in order; those that are gone are left out. */
    async read(ids: string[]): Promise<RawEntry[]> {
      const found = await Promise.all(ids.map((id) => redis.xrange(stream, id, id)));
      return found.flat();
    },
    /** The entries that are new to the group, read by a connection that may wait so many milliseconds for some. */
    async readNew(reader: Redis, count: number, block: number): Promise<RawEntry[]> {
      const reply = (await reader
        .xreadgroup('GROUP', group, consumer, 'COUNT', count, 'BLOCK', block, 'STREAMS', stream, '>')
        .catch(doubt)) as [string, RawEntry[]][] | null;
      return reply?.[0]?.[1] ?? [];
    },
    /** Counts one more try of an entry. Resolves to its number, or to nothing if the entry is gone. */
    async begin(id: string): Promise<number | undefined> {
      const reply = (await run(scripts.begin, [id])) as [string, number?];
      return reply[1];
    },
    async ack(ids: string[]): Promise<void> {
      await run(scripts.ack, ids);
    },
    /** Forgets the tries of an entry so far, because its handling gets on. */
    async progress(id: string): Promise<void> {
      await run(scripts.progress, [id]);
    },
    async park(id: string, { code, reason, attempts }: Parking): Promise<void> {
      await run(scripts.park, [id, code, reason, attempts], [dead]);
    },
  };
}

/** Why an entry is a dead letter. */
export interface Parking {
  code: string;
  reason: string;
  attempts: number;
}

export type ConsumerGroup = ReturnType<typeof consumerGroup>;
