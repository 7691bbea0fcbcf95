import { byId, count, duration, make, setText } from './dom.js';
import { isAway, sizeOf } from './nodes.js';

// The stations of a change, each with the places in it: services, nodes, streams, readers; and how much waits there.

const flow = byId('flow');
const lists = new Map(
  [...flow.children].map((station) => [station.dataset.step, station.querySelector('ul')]),
);
const places = new Map();

/** From when on what waits for a reader is shown as waiting, in seconds. */
const worthATell = 1;

/** The place with a name in a station; made when it is first needed. */
function placeOf(step, name) {
  const key = `${step} ${name}`;
  if (!places.has(key)) {
    const figure = make('output');
    const element = make(
      'li.place',
      { dataset: { place: name } },
      make('span', { textContent: name }),
      figure,
    );
    lists.get(step).append(element);
    places.set(key, { element, figure });
  }
  return places.get(key);
}

/** Shows what each place is at. */
export function showStations({ services, streams, nodes }) {
  for (const { name, points, trouble } of services.values()) {
    const { element, figure } = placeOf('request', name);
    setText(figure, trouble ? 'away' : `${count(points.at(-1)?.rate ?? 0)}/s`);
    element.toggleAttribute('data-waits', trouble !== undefined);
  }
  showNodesThere(nodes);
  const last = streams.at(-1);
  for (const { stream, rate } of last?.streams ?? []) {
    setText(placeOf('stream', stream).figure, `${count(rate ?? 0)}/s`);
  }
  for (const { name, lag, seconds } of last?.readers ?? []) {
    const { element, figure } = placeOf('reader', name);
    const waits = seconds > worthATell;
    setText(figure, waits ? `${count(lag)} wait, ${duration(seconds)}` : 'up to date');
    element.toggleAttribute('data-waits', waits);
  }
  placeOf('reader', 'this page');
}

/** Nodes come and go, as in a failover; what is gone is a place no more. */
function showNodesThere(nodes) {
  const now = new Set(nodes.map(({ address }) => address));
  for (const { dataset } of [...lists.get('write').children]) {
    if (nodes.length === 0 || now.has(dataset.place)) continue;
    elementOf('write', dataset.place).remove();
    places.delete(`write ${dataset.place}`);
  }
  for (const node of nodes) {
    const { element, figure } = placeOf('write', node.address);
    setText(figure, isAway(node) ? 'away' : sizeOf([node]).partitions);
    element.toggleAttribute('data-waits', isAway(node));
  }
}

/** Shows what this page is at. */
export const showThisPage = (text) => setText(placeOf('reader', 'this page').figure, text);

const elementOf = (step, name) => places.get(`${step} ${name}`)?.element;
const first = (step) => lists.get(step).firstElementChild ?? undefined;

/** The places of the readers of a stream. */
function readersOf(stream, streams) {
  const readers = streams.at(-1)?.readers.filter((reader) => reader.stream === stream) ?? [];
  return [...readers.map(({ name }) => name), 'this page']
    .map((name) => elementOf('reader', name))
    .filter(Boolean);
}

/** The places that an event comes through, and the readers that take it from there; those that are there yet. */
export function wayOf({ source = '' }, { services, streams, nodes }) {
  const [, stream, partition] = source.split('/');
  const noun = stream?.split('-')[0];
  const service = [...services.keys()].find((name) => name.startsWith(noun));
  const node = nodes.find(({ partitions }) => partitions.includes(Number.parseInt(partition, 10)));
  return {
    through: [
      elementOf('request', service) ?? first('request'),
      elementOf('write', node?.address) ?? first('write'),
      elementOf('stream', stream),
    ].filter(Boolean),
    readers: readersOf(stream, streams),
  };
}

/** The ways there are, each as the two places that it is between. */
export function lanes({ streams }) {
  const ofStep = (step) => [...lists.get(step).children];
  const all = (from, to) => from.flatMap((one) => to.map((other) => [one, other]));
  const toReaders = (streams.at(-1)?.streams ?? []).flatMap(({ stream }) =>
    all([elementOf('stream', stream)], readersOf(stream, streams)),
  );
  return [
    ...all(ofStep('request'), ofStep('write')),
    ...all(ofStep('write'), ofStep('stream')),
    ...toReaders,
  ].filter(([from, to]) => from && to);
}

/** The readers for which entries wait, and how many. */
export const waitingAt = ({ streams }) =>
  (streams.at(-1)?.readers ?? [])
    .filter(({ lag }) => lag > 0)
    .map(({ name, lag }) => ({ element: elementOf('reader', name), lag }))
    .filter(({ element }) => element);

/** Marks a station as come to, with what is to be said of it; without words it is as it was. */
export function markStation(step, words) {
  const station = flow.querySelector(`[data-step="${step}"]`);
  station.toggleAttribute('data-reached', words !== undefined);
  setText(station.querySelector('.came'), words ?? '');
}

/** Takes the marks off all stations. */
export const clearStations = () => {
  for (const step of lists.keys()) markStation(step);
};
