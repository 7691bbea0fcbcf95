import { EventEmitter, once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { readTogether, type Store } from '../redis/store.ts';
import { behind, byId, type Positions, readBatches, type StreamEntry } from '../streams/entries.ts';
import { keepTrying, letGather } from '../streams/pause.ts';
import { endsOf } from '../streams/stream-info.ts';
import { type Position, positionAt } from './cursor.ts';
import { type Frame, framesAfter } from './frames.ts';

/** The last that came. */
export interface Latest {
  /** the cursor that it follows; nothing if something may have come between, as at the start */
  before: string | undefined;
  frames: Frame[];
  /** where whoever has had it stands */
  position: Position;
  /** The ends of those streams that are read now. What comes in the others is told when they are read again. */
  live: Positions;
}

/** The end of some streams, as it moves. */
export interface LiveTail {
  /** What came last; nothing while no stream can be read. */
  latest(): Latest | undefined;
  /** Resolves when `latest` gives something else, or the signal aborts. */
  change(signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** How long entries may gather after each read, and what several readers bring, in milliseconds. */
const gatherPause = 5;

interface TailOptions {
  redis: Store;
  /** Opens a connection to the node of a stream, for reads that block as long as `feedBlock`. */
  connect(stream: string): Redis;
  streams: readonly string[];
  /** the most entries that are read of each stream at once */
  count: number;
  log: Logger;
}

/** How long a read waits for new entries, in milliseconds. */
export const feedBlock = 5000;

/**
 * Reads the end of some streams, once for however many want to know, until it is stopped; in a cluster with one reader a
 * partition. A read that fails is tried again for ever, from where the streams end then: whoever listens reads for itself
 * what came meanwhile.
 */
export function startLiveTail({ redis, connect, streams, count, log }: TailOptions): LiveTail {
  const stopping = new AbortController();
  const { signal } = stopping;
  const end = movingEnd(streams);

  async function read(group: string[], worked: () => void): Promise<void> {
    const positions = new Map(await endsOf(redis, group));
    end.begin(positions);
    const source = { connect: () => connect(group[0] as string), positions, signal, count, block: feedBlock };
    for await (const { entries } of readBatches(source)) {
      worked();
      if (entries.length === 0) continue;
      end.move(entries);
      await letGather(gatherPause, signal);
    }
  }

  async function readOrLeave(group: string[], worked: () => void): Promise<void> {
    try {
      await read(group, worked);
    } catch (error) {
      end.leave(group);
      throw error;
    }
  }

  // They fail only when they are stopped.
  for (const group of readTogether(redis, streams)) {
    keepTrying((worked) => readOrLeave(group, worked), { log, signal }).catch(() => undefined);
  }
  return { latest: end.latest, change: end.change, stop: () => stopping.abort() };
}

/** Keeps the end of some streams, as their readers move it. */
function movingEnd(streams: readonly string[]) {
  // There are as many listeners as clients.
  const changes = new EventEmitter().setMaxListeners(0);
  let position = positionAt(new Map(streams.map((stream) => [stream, '0-0'])));
  const reading = new Set<string>();
  let latest: Latest | undefined;
  let gathered: StreamEntry[] = [];
  let timer: NodeJS.Timeout | undefined;

  function show(before: string | undefined, frames: Frame[]): void {
    const live = new Map([...position.ids].filter(([stream]) => reading.has(stream)));
    latest = live.size > 0 ? { before, frames, position, live } : undefined;
    changes.emit('change');
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered.length === 0) return;
    const entries = gathered.toSorted(byId);
    gathered = [];
    const frames = framesAfter(position.ids, entries);
    const before = position.cursor;
    position = positionAt(behind(position.ids, entries));
    show(before, frames);
    timer = setTimeout(flush, gatherPause);
  }

  return {
    latest: () => latest,
    async change(signal: AbortSignal): Promise<void> {
      await once(changes, 'change', { signal }).catch(() => undefined);
    },
    /** Some streams are read from here on. */
    begin(ends: Positions): void {
      flush();
      for (const stream of ends.keys()) reading.add(stream);
      position = positionAt(new Map([...position.ids, ...ends]));
      show(undefined, []);
    },
    move(entries: readonly StreamEntry[]): void {
      gathered.push(...entries);
      if (timer === undefined) flush();
    },
    /** Some streams cannot be read for now. */
    leave(group: readonly string[]): void {
      flush();
      for (const stream of group) reading.delete(stream);
      show(position.cursor, []);
    },
  };
}
