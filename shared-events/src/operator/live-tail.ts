import { EventEmitter, once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { behind, readBatches } from '../streams/entries.ts';
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
}

/** The end of some streams, as it moves. */
export interface LiveTail {
  /** What came last; nothing while Redis is away. */
  latest(): Latest | undefined;
  /** Resolves when `latest` gives something else, or the signal aborts. */
  change(signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** How long entries may gather after each read, in milliseconds. */
const gatherPause = 5;

interface TailOptions {
  redis: Redis;
  /** Opens a connection for reads that block as long as `feedBlock`. */
  connect(): Redis;
  streams: readonly string[];
  /** the most entries that are read of each stream at once */
  count: number;
  log: Logger;
}

/** How long a read waits for new entries, in milliseconds. */
export const feedBlock = 5000;

/**
 * Reads the end of some streams, once for however many want to know, until it is stopped. A read that fails is tried
 * again for ever, from where the streams end then: whoever listens reads for itself what came meanwhile.
 */
export function startLiveTail({ redis, connect, streams, count, log }: TailOptions): LiveTail {
  const stopping = new AbortController();
  const { signal } = stopping;
  // There are as many listeners as clients.
  const changes = new EventEmitter().setMaxListeners(0);
  let latest: Latest | undefined;

  function show(next: Latest | undefined): void {
    latest = next;
    changes.emit('change');
  }

  async function read(worked: () => void): Promise<void> {
    let position = positionAt(await endsOf(redis, streams));
    show({ before: undefined, frames: [], position });
    const positions = new Map(position.ids);
    for await (const { entries } of readBatches({ connect, positions, signal, count, block: feedBlock })) {
      worked();
      if (entries.length === 0) continue;
      const frames = framesAfter(position.ids, entries);
      const before = position.cursor;
      position = positionAt(behind(position.ids, entries));
      show({ before, frames, position });
      await letGather(gatherPause, signal);
    }
  }

  async function readOrForget(worked: () => void): Promise<void> {
    try {
      await read(worked);
    } catch (error) {
      show(undefined);
      throw error;
    }
  }

  // It fails only when it is stopped.
  keepTrying(readOrForget, { log, signal }).catch(() => undefined);
  return {
    latest: () => latest,
    async change(signal) {
      await once(changes, 'change', { signal }).catch(() => undefined);
    },
    stop: () => stopping.abort(),
  };
}
