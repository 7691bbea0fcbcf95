import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { firstLayout, type Layout } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import type { Store } from './store.ts';
import { RedisUnavailable } from './unavailable.ts';

// Three keys tell how the data is laid out. They share a slot: a hash tag that is another key's name leads to that key's.

/** `<partitions> <generation>`, or the first alone, before the first change; `closed`, while data is moved to here. */
export const layoutKey = 'partitions';
/** Who is changing the layout, as long as they are at it. */
export const moverKey = `{${layoutKey}}:mover`;
/** Is there for the moment in which one layout takes the other's place: nobody may read or write either. */
export const closedKey = `{${layoutKey}}:closed`;

/** What the layout's key holds while data is moved to a Redis, or after it was moved away from it. */
export const closed = 'closed';

/** How long to wait before asking again while Redis is away, or the data is being moved, in milliseconds. */
const retryDelay = 100;

/** Returns a layout as its key holds it. */
export const layoutText = ({ partitions, generation }: Layout): string =>
  generation === 0 ? `${partitions}` : `${partitions} ${generation}`;

/** Returns the layout that a text stands for; nothing for one that stands for none. */
export function parseLayout(text: string): Layout | undefined {
  const [, partitions, generation = '0'] = /^(\d+)(?: (\d+))?$/.exec(text) ?? [];
  return partitions === undefined
    ? undefined
    : { partitions: Number(partitions), generation: Number(generation) };
}

interface ClaimOptions {
  redis: Store;
  /** Where the service writes; it may be the same. */
  writer: Store;
  /** What the variable PARTITIONS says, if anything. */
  said: number | undefined;
  signal: AbortSignal;
  log: Logger;
}

/**
 * Resolves to how the data is laid out; data that is new is given as many partitions as were said, or one. Waits until
 * both connections answer, and nobody moves the data.
 * Fails with `wrong_partitions` if another number was said: keys would be looked for in wrong places.
 */
export async function claimLayout(options: ClaimOptions): Promise<Layout> {
  const { said, signal, log } = options;
  for (let told = false; ; ) {
    const text = await claim(options);
    const layout = parseLayout(text);
    if (layout !== undefined) {
      refuseOther(layout, said, 'this service has', 'for all services');
      return layout;
    }
    if (!told) log.warn('the data is being moved; waiting');
    told = true;
    await delay(retryDelay, undefined, { signal });
  }
}

/**
 * Resolves to how the data is laid out, or would be if there were any.
 * Fails with `wrong_partitions` if somebody has said another number of partitions than the data has, and with `moved` if
 * it is being moved to here, or was moved away.
 */
export async function layoutOfData(redis: Store, said: number | undefined): Promise<Layout> {
  const text = await redis.get(layoutKey);
  if (text === null) return firstLayout(said ?? 1);
  const layout = parseLayout(text);
  if (layout === undefined) {
    throw new Failure('moved', 'The data is being moved to here, or was moved to another Redis.');
  }
  refuseOther(layout, said, 'the variable says', 'or none');
  return layout;
}

function refuseOther({ partitions }: Layout, said: number | undefined, who: string, where: string): void {
  if (said === undefined || said === partitions) return;
  throw new Failure(
    'wrong_partitions',
    `The data in Redis was written with PARTITIONS=${partitions}, but ${who} PARTITIONS=${said}. ` +
      `Set PARTITIONS=${partitions} ${where}, or use another Redis.`,
  );
}

async function claim({ redis, writer, said = 1, signal, log }: ClaimOptions): Promise<string> {
  for (let told = false; ; ) {
    try {
      // A Redis that is out of memory takes no SET, but may well serve reads of data that is claimed.
      const [claimed] = await Promise.all([redis.get(layoutKey), writer.get(layoutKey)]);
      return claimed ?? (await writer.set(layoutKey, said, 'NX', 'GET')) ?? `${said}`;
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      if (error.refused && !told) log.error({ err: error }, 'redis refuses what a service begins with');
      told ||= error.refused;
      await delay(retryDelay, undefined, { signal });
    }
  }
}

/** How often the layout is asked for, in milliseconds: now and then, and often while somebody is changing it. */
export const watchInterval = 1000;
export const closeWatchInterval = 100;
/** Once in so many times it is also looked for what somebody left behind whom nobody saw. */
const searchEvery = 30;

interface WatchOptions {
  redis: Store;
  layout: Layout;
  signal: AbortSignal;
  log: Logger;
  /** Told whether it is the moment in which neither the layout nor the next one may be used. */
  onClosed(isClosed: boolean): void;
  /** Called at first, now and then, and when somebody who was changing the layout is not at it any more. */
  onAlone(): Promise<void>;
}

/** Resolves when the data has another layout. */
export async function layoutChange(options: WatchOptions): Promise<void> {
  const { redis, layout, signal, log, onClosed, onAlone } = options;
  for (let wasAlone = false, told = false, looks = 0; ; looks++) {
    try {
      const [text, mover, closing] = await redis.mget(layoutKey, moverKey, closedKey);
      // Whoever took the key away, with other data maybe, has not named another layout.
      if (text !== null && text !== layoutText(layout)) return;
      onClosed(closing !== null);
      const isAlone = mover === null;
      if (isAlone && (!wasAlone || looks % searchEvery === 0)) await onAlone();
      wasAlone = isAlone;
    } catch (error) {
      // It is away; those who need it for their work tell so.
      if (!(error instanceof RedisUnavailable)) throw error;
      if (error.refused && !told) log.error({ err: error }, 'redis refuses to tell how the data is laid out');
      told ||= error.refused;
    }
    await delay(wasAlone ? watchInterval : closeWatchInterval, undefined, { signal });
  }
}
