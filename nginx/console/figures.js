import { byId, count, duration, make, setText } from './dom.js';
import { sizeOf } from './nodes.js';
import { momentsUntil, p99, pointsAt, sumOfKnown } from './series.js';
import { createSpark } from './spark.js';

// The row of figures on top: what it is now, with the last fifteen minutes behind it, and the way to the place.

/** Over how many points a p99 is taken, and which of the newest stand for the last minute. */
const smooth = 5;
const lastMinute = 20;

/** What a figure says, its unit, and what it was at each moment. */
const figures = [
  {
    id: 'requests',
    name: 'Requests',
    place: 'services',
    atLeast: 1,
    read: ({ requests }) => ({ values: requests, text: known(requests.at(-1)), unit: 'a second' }),
  },
  {
    id: 'p99',
    name: 'p99',
    place: 'services',
    atLeast: 0.02,
    read: ({ slow, slowNow }) => ({
      values: slow,
      text: known(slowNow, duration),
      unit: 'last minute',
    }),
  },
  {
    id: 'failures',
    name: '5xx, 15 min',
    place: 'services',
    atLeast: 1,
    read: ({ failures }) => ({
      values: failures,
      text: known(sumOfKnown(failures)),
      unit: 'of services',
    }),
  },
  {
    id: 'events',
    name: 'Events',
    place: 'streams',
    atLeast: 1,
    read: ({ events }) => ({ values: events, text: known(events.at(-1)), unit: 'a second' }),
  },
  {
    id: 'lag',
    name: 'Greatest lag',
    place: 'readers',
    atLeast: 1,
    read: ({ lags, latest }) => ({
      values: lags,
      text: known(lags.at(-1), duration),
      unit: latest ? latest.name : 'of readers',
    }),
  },
  {
    id: 'dead-letters',
    name: 'Dead letters',
    place: 'dead-letters-panel',
    atLeast: 1,
    read: ({ dead }) => ({ values: dead, text: known(dead.at(-1)), unit: 'to look at' }),
  },
  {
    id: 'nodes',
    name: 'Data on',
    place: 'nodes',
    atLeast: 1,
    read: ({ size }) => ({ values: [], text: known(size?.nodes, String), unit: size?.partitions ?? '' }),
  },
];

/** A value in words, or that it is not known. */
const known = (value, words = count) => (value === undefined ? '–' : words(value));

/** Makes the row. Gives what shows the state in it, with what is wrong marked. */
export function createFigures() {
  const tiles = figures.map((figure) => ({ figure, ...tile(figure) }));
  byId('figures').append(...tiles.map(({ element }) => element));
  return (state, troubled) => {
    const series = seriesOf(state);
    for (const { figure, element, value, unit, spark } of tiles) {
      const read = figure.read(series);
      setText(value, read.text);
      setText(unit, read.unit);
      spark.show(read.values);
      element.dataset.state = troubled.has(figure.id) ? 'bad' : 'good';
    }
  };
}

function tile({ id, name, place, atLeast }) {
  const spark = createSpark(atLeast);
  const value = make('strong', { textContent: '–' });
  const unit = make('span.unit');
  const element = make(
    'a.tile',
    { href: `#${place}`, dataset: { figure: id } },
    make('span.name', { textContent: name }),
    ' ',
    value,
    ' ',
    unit,
    spark.element,
  );
  return { element, value, unit, spark };
}

/** The figures of all services and streams together, at each moment of the last fifteen minutes. */
function seriesOf({ services, streams, nodes, time, since: oldest }) {
  const moments = momentsUntil(time, oldest);
  const byService = [...services.values()].map(({ points }) => pointsAt(moments, points));
  const bounds = [...services.values()].find((service) => service.bounds.length > 0)?.bounds ?? [];
  const together = (of) => moments.map((_, at) => sumOfKnown(byService.map((points) => of(points[at]))));
  const since = (at, many) =>
    byService.flatMap((points) => points.slice(Math.max(0, at + 1 - many), at + 1).filter(Boolean));
  const inStreams = pointsAt(moments, streams);
  const latest = inStreams.at(-1)?.readers.reduce(later, undefined);
  return {
    requests: together((point) => point?.rate),
    failures: together((point) => point?.failed),
    slow: moments.map((_, at) => p99(bounds, since(at, smooth))),
    slowNow: p99(bounds, since(moments.length - 1, lastMinute)),
    events: inStreams.map((point) => point && sumOfKnown(point.streams.map((stream) => stream.rate))),
    lags: inStreams.map((point) => point?.readers.reduce((most, { seconds }) => Math.max(most, seconds), 0)),
    latest: latest?.seconds > 0 ? latest : undefined,
    dead: inStreams.map((point) => point?.deadLetters),
    size: nodes.length > 0 ? sizeOf(nodes) : undefined,
  };
}

const later = (most, reader) => (most === undefined || reader.seconds > most.seconds ? reader : most);
