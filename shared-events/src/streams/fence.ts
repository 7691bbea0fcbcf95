import type { Logger } from 'pino';
import type { Layout } from '../events/layout.ts';
import { Failure } from '../failure.ts';
import { layoutKey, layoutText, moverKey } from '../redis/layout.ts';
import { script, smallScript } from '../redis/script.ts';
import type { Store } from '../redis/store.ts';
import type { StreamRange } from './pages.ts';

// A stream that has a fence takes no entry, from nobody: it has given out the last id there can be. So a write fails at its
// first step, whoever wrote the program that makes it. What the last id really is stands beside the stream.

const fenceScript = script(new URL('lua/fence.lua', import.meta.url));
const openScript = smallScript(new URL('lua/open-fence.lua', import.meta.url));

/** The key that holds, while a stream has a fence, the last id that it gave out before. */
export const fenceKey = (stream: string): string => `${stream}:fence`;

/**
 * Puts a fence around a stream, if it has none, for the one who changes the layout. Resolves to the last id that it gave
 * out before. Fails with `lock_lost` if that is another by now.
 */
export async function fence({ redis, stream }: StreamRange, holder: string): Promise<string> {
  const last = await fenceScript(redis, [stream, fenceKey(stream), moverKey], [holder]);
  if (last === null) throw new Failure('lock_lost', 'The lock of this change was lost. Run it again.');
  return last as string;
}

/**
 * Takes the fences of some streams away, if there are any; those of a layout only while it is served and nobody changes it.
 * Resolves to the streams that had one.
 */
export async function openFences(
  redis: Store,
  streams: readonly string[],
  layout?: Layout,
): Promise<string[]> {
  const opened: string[] = [];
  for (const stream of streams) {
    if ((await redis.exists(fenceKey(stream))) === 0) continue;
    // Only one Redis ever has fences, so that the keys need not be of one slot.
    const keys = [stream, fenceKey(stream), ...(layout ? [moverKey, layoutKey] : [])];
    if ((await openScript(redis, keys, layout ? [layoutText(layout)] : [])) === 1) opened.push(stream);
  }
  return opened;
}

/** Takes the fences away that somebody left behind who was killed, or gave up, while changing the layout. */
export async function openLeftFences(
  redis: Store,
  streams: readonly string[],
  layout: Layout,
  log: Logger,
): Promise<void> {
  for (const stream of await openFences(redis, streams, layout)) {
    log.warn({ stream }, 'a change of the layout was given up; the stream takes entries again');
  }
}
