import { card, nameOf, number, showEntry, sum } from './card.js';
import { createChart } from './charts.js';
import { byId, count, day, duration, setText } from './dom.js';
import { readerCard } from './reader-card.js';
import { momentsUntil, p99, pointsAt, sumOf } from './series.js';

// Services, streams and their readers: figures now, and plots of the last minutes. Partitions of one stream are shown as
// one.

/** How many points are those of the last minute. */
const lastMinute = 20;

/** Makes the cards as they are needed. Gives what shows the state in them. */
export function createCards() {
  const services = cards(byId('services-cards'), serviceCard);
  const streams = cards(byId('streams-cards'), streamCard);
  const readers = cards(byId('readers-cards'), readerCard);
  return (state) => {
    const moments = momentsUntil(state.time, state.since);
    for (const service of state.services.values()) services(service.name).show(moments, service);
    const points = pointsAt(moments, state.streams);
    const parts = Map.groupBy(state.lengths, ({ stream }) => nameOf(stream));
    for (const [name, lengths] of parts) streams(name).show(moments, points, lengths);
    const states = Map.groupBy(
      state.readers,
      ({ kind, name, stream }) => `${kind} ${name} ${nameOf(stream)}`,
    );
    for (const [key, partitions] of states) readers(key, partitions[0]).show(moments, points, partitions);
  };
}

/** A card for each name, made when it is first needed. */
function cards(host, create) {
  const made = new Map();
  return (name, ...about) => {
    if (!made.has(name)) made.set(name, create(host, name, ...about));
    return made.get(name);
  };
}

function serviceCard(host, name) {
  const { numbers, plot, note } = card(
    host,
    name,
    `Requests a second to ${name} in the last fifteen minutes`,
  );
  const chart = createChart(plot, [{ label: 'requests a second', colour: 'series-1' }]);
  const [rate, slow, failed] = ['requests a second', 'p99', '5xx'].map((label) => number(numbers, label));
  return {
    show(moments, { points, bounds, trouble }) {
      const row = pointsAt(moments, points);
      chart.show(
        moments,
        row.map((point) => point?.rate),
      );
      const recent = row.slice(-lastMinute).filter(Boolean);
      const slowest = p99(bounds, recent);
      setText(rate, row.at(-1) ? count(row.at(-1).rate) : '–');
      setText(slow, slowest === undefined ? '–' : duration(slowest));
      setText(failed, count(sumOf(row.map((point) => point?.failed ?? 0))));
      setText(note, trouble ?? 'ready');
      note.dataset.state = trouble ? 'failed' : 'done';
    },
  };
}

function streamCard(host, name) {
  const { numbers, plot } = card(host, name, `Events a second in ${name} in the last fifteen minutes`);
  const chart = createChart(plot, [{ label: 'events a second', colour: 'series-1' }]);
  const [rate, length, partitions, oldest] = ['events a second', 'in all', 'partitions', 'since'].map(
    (label) => number(numbers, label),
  );
  return {
    show(moments, points, lengths) {
      const rates = points.map((point) => point?.streams.find(({ stream }) => stream === name)?.rate);
      chart.show(moments, rates);
      setText(rate, rates.at(-1) === undefined ? '–' : count(rates.at(-1)));
      setText(length, count(sum(lengths, 'length')));
      setText(partitions, count(lengths.length));
      showEntry(oldest, oldestOf(lengths), (id) => day(Number.parseInt(id, 10)));
    },
  };
}

/** The oldest entry of all partitions of a stream; nothing if it has none. */
const oldestOf = (lengths) =>
  lengths
    .filter(({ first }) => first)
    .map(({ stream, first }) => ({ stream, id: first }))
    .reduce(
      (old, entry) => (old && Number.parseInt(old.id, 10) <= Number.parseInt(entry.id, 10) ? old : entry),
      undefined,
    );
