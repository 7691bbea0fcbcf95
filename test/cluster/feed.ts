import type { CloudEvent } from 'shared-events';
import { compareIds } from '../../shared-events/src/streams/entry-id.ts';
import { readState } from '../faults/state.ts';
import type { followFeed } from '../operator/world.ts';
import { until } from '../stack/until.ts';
import type { ClusterWorld } from './world.ts';

interface Gap {
  stream: string;
}

/**
 * Tells what is wrong with a feed that was followed from the beginning: each entry of a stream comes once and in order, and
 * what came but is there no more is told as a gap.
 */
export async function feedProblems(world: ClusterWorld): Promise<string[]> {
  const state = await readState(world);
  const entries = [...state.users, ...state.tasks];
  const kept = new Set(entries.map(({ id, type, subject }) => `${type} ${subject} ${id}`));
  const seen = () => read(world.feed);
  const missing = () => {
    const told = new Set(seen().events.map(placeOf));
    return [...kept].filter((place) => !told.has(place));
  };
  const late = await until('the feed has every event', () => missing().length === 0).catch(() =>
    missing().map((place) => `I the feed lacks ${place}`),
  );
  return [...(late === true ? [] : late), ...wrongIn(seen(), kept)];
}

const placeOf = ({ type, subject, id }: CloudEvent): string => `${type} ${subject} ${id}`;

function read(feed: ReturnType<typeof followFeed>): { events: CloudEvent[]; gaps: Gap[] } {
  const messages = feed.messages();
  const isGap = ({ event }: { event: string }) => event === 'gap';
  return {
    events: messages.filter((message) => !isGap(message)).map(({ data }) => JSON.parse(data) as CloudEvent),
    gaps: messages.filter(isGap).map(({ data }) => JSON.parse(data) as Gap),
  };
}

function* wrongIn({ events, gaps }: ReturnType<typeof read>, kept: Set<string>) {
  const hasGap = (source: string) =>
    gaps.some(({ stream }) => source === `/${stream.replace(/:\{(\d+)\}$/, '/$1')}`);
  for (const [source, ofStream] of Map.groupBy(events, (event) => event.source)) {
    const gone = ofStream.filter((event) => !kept.has(placeOf(event)));
    if (gone.length > 0 && !hasGap(source))
      yield `I ${gone.length} events of ${source} are gone without a gap`;
    const stays = ofStream.filter((event) => kept.has(placeOf(event)));
    for (const [at, { id }] of stays.entries()) {
      const before = stays[at - 1]?.id ?? '0-0';
      if (compareIds(id, before) <= 0) yield `I the feed tells ${id} of ${source} after ${before}`;
    }
  }
}
