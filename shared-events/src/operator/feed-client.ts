import type { Store } from '../redis/store.ts';
import { behind, type Positions, readBetween } from '../streams/entries.ts';
import { compareIds } from '../streams/entry-id.ts';
import { positionAt } from './cursor.ts';
import { type Frame, framesAfter, gapFrame, heartbeatFrame, helloFrame } from './frames.ts';
import { gapFinder, isLost, restart } from './gaps.ts';
import type { Latest, LiveTail } from './live-tail.ts';

interface ClientOptions {
  redis: Store;
  tail: LiveTail;
  /** where to begin */
  from: Positions;
  /** the most entries that are read of each stream at once */
  count: number;
  isWanted(frame: Frame): boolean;
  signal: AbortSignal;
}

/** How long a client is asked to wait before it comes back after a break, in milliseconds. */
const comeBackDelay = 1000;
/** How often a client is told where it stands, in milliseconds. */
const heartbeatInterval = 10_000;

/**
 * Yields what one client of the feed is sent, until the signal aborts. It takes what comes from the live tail; what it
 * has not had before that is read from the streams, page by page and as fast as it is taken. So a client that is slower
 * than the events misses nothing, and what waits for it is a page. What Redis fails with is thrown.
 */
export async function* feedTexts(options: ClientOptions): AsyncGenerator<string, void, undefined> {
  const { from, signal } = options;
  const client = feedReader(options);
  yield helloFrame(comeBackDelay, positionAt(from).cursor);
  while (!signal.aborted) {
    const beat = AbortSignal.timeout(heartbeatInterval);
    const wait = AbortSignal.any([signal, beat]);
    while (!wait.aborted) {
      const text = await client.next(wait);
      if (text !== '') yield text;
    }
    if (beat.aborted) yield heartbeatFrame(client.cursor());
  }
}

/** Keeps where one client stands, and finds what comes next for it. */
function feedReader({ redis, tail, from, count, isWanted }: ClientOptions) {
  const findGaps = gapFinder(redis);
  let position = positionAt(from);
  /** the last of the live tail that holds nothing which this client has not had */
  let had: Latest | undefined;

  const textOf = (frames: Frame[]): string =>
    frames
      .filter(isWanted)
      .map(({ text }) => text)
      .join('');

  /** Goes on with the live tail, which has come just as far as this client. */
  function take(latest: Latest): string {
    had = latest;
    position = latest.position;
    return textOf(latest.frames);
  }

  /** Reads a page of what lies between this client and the live tail, and tells what is missing there. */
  async function catchUp(latest: Latest): Promise<string> {
    const { ids, cursor } = position;
    const from = new Map([...ids].filter(([stream]) => latest.live.has(stream)));
    const { entries, isCaughtUp } = await readBetween(redis, from, latest.live, count);
    // What was removed before it could be read is known only now.
    const gaps = await findGaps(from);
    const notices = gaps.map((gap) => gapFrame(gap, cursor)).join('');
    if (gaps.some(isLost)) {
      position = positionAt(restart(ids, gaps));
      return notices;
    }
    const end = behind(ids, entries);
    position = positionAt(isCaughtUp ? later(end, latest.live) : end);
    if (isCaughtUp) had = latest;
    return notices + textOf(framesAfter(ids, entries));
  }

  return {
    cursor: () => position.cursor,
    /** Resolves to what comes next, which may be nothing; to nothing as well when the signal aborts. */
    async next(signal: AbortSignal): Promise<string> {
      const latest = tail.latest();
      if (latest !== undefined && latest !== had) {
        return latest.before === position.cursor ? take(latest) : catchUp(latest);
      }
      await tail.change(signal);
      return '';
    },
  };
}

/** Returns the later of two positions in each stream. */
const later = (a: Positions, b: Positions): Positions =>
  new Map([...a].map(([stream, id]) => [stream, laterOf(id, b.get(stream) ?? id)]));

const laterOf = (a: string, b: string): string => (compareIds(a, b) < 0 ? b : a);
