import { setTimeout as delay } from 'node:timers/promises';
import type { Partition } from '../events/layout.ts';
import type { Store } from '../redis/store.ts';
import { pagesAfter } from '../streams/pages.ts';
import { keptProjection, type Projection } from '../streams/projection.ts';

interface BuildOptions {
  into: Store;
  projection: Projection;
  partition: Partition;
  signal: AbortSignal;
  /** Whether the stream is copied, so that its end is the end. */
  isCopied(): boolean;
}

/** How often a stream is looked at that all was applied of, in milliseconds. */
const pollInterval = 100;

/** Builds a projection of the new layout while its stream is being copied. It may be ended at any moment and begun again. */
export async function buildProjection(options: BuildOptions): Promise<void> {
  const { into, projection, partition, signal, isCopied } = options;
  // What cannot be understood is told by the service that follows the stream.
  const kept = keptProjection({ redis: into, projection, partition, onUndecodable: () => undefined });
  let position = await kept.position();
  for (;;) {
    const isAll = isCopied();
    for await (const page of pagesAfter({ redis: into, stream: kept.stream }, position)) {
      signal.throwIfAborted();
      position = await kept.apply(position, page);
    }
    if (isAll) return;
    await delay(pollInterval, undefined, { signal });
  }
}
