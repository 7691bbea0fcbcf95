import { createChart } from './charts.js';
import { byId, count, day, duration, make, setText } from './dom.js';
import { eventLink } from './links.js';
import { momentsUntil, p99, pointsAt, sumOf } from './series.js';

// Services, streams and their readers: figures now, and plots of the last minutes. Partitions of one stream are shown as
// one.

/** How many points are those of the last minute. */
const lastMinute = 20;

const nameOf = (stream) => stream.replace(/:\{[\d.]+\}$/, '');
const most = (items, of) => items.reduce((all, item) => Math.max(all, of(item)), 0);
const sum = (items, name) => sumOf(items.map((item) => item[name]));

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

/** Shows an entry as a link to it; the link stays the same element, as it may have the focus. */
function showEntry(element, entry, words = (id) => id) {
  if (!entry) return setText(element, '–');
  if (!element.querySelector('a')) element.replaceChildren(make('a'));
  const link = element.firstElementChild;
  link.href = eventLink(entry);
  setText(link, words(entry.id));
}

const kinds = { group: 'consumer group', projection: 'projection' };

function readerCard(host, _, about) {
  const { name, kind } = about;
  const of = nameOf(about.stream);
  const { head, numbers, plot } = card(
    host,
    name,
    `Lag and pending entries of ${name} in the last fifteen minutes`,
  );
  head.append(make('span.muted', { textContent: ` ${kinds[kind]} of ${of}` }));
  const isGroup = kind === 'group';
  const chart = createChart(plot, [
    { label: 'lag', colour: 'series-1' },
    ...(isGroup ? [{ label: 'pending', colour: 'series-2' }] : []),
  ]);
  const lag = number(numbers, 'lag', isGroup ? '1' : '');
  const age = number(numbers, 'lag in time');
  const pending = isGroup ? number(numbers, 'pending', '2') : undefined;
  const oldest = isGroup ? number(numbers, 'oldest pending') : undefined;
  const deadLetters = isGroup ? number(numbers, 'dead letters') : undefined;
  const position = number(numbers, 'position');
  const consumers = isGroup ? make('ul.figures', { ariaLabel: `Consumers of ${name}` }) : undefined;
  if (consumers) numbers.after(consumers);
  const isThis = (reader) => reader.name === name && reader.kind === kind && reader.stream === of;
  return {
    show(moments, points, partitions) {
      const own = points.map((point) => point?.readers.find(isThis));
      const lags = own.map((reader) => reader?.lag);
      chart.show(moments, lags, ...(isGroup ? [own.map((reader) => reader?.pending)] : []));
      const isMore = partitions.some((partition) => partition.lag.isMore);
      setText(lag, (isMore ? 'more than ' : '') + count(sumOf(partitions.map((one) => one.lag.entries))));
      setText(age, duration(most(partitions, (partition) => partition.lag.seconds)));
      showEntry(position, positionOf(partitions));
      if (!isGroup) return;
      setText(pending, count(sum(partitions, 'pending')));
      setText(oldest, duration(most(partitions, (partition) => partition.oldestPending)));
      setText(deadLetters, count(sum(partitions, 'deadLetters')));
      showConsumers(consumers, partitions);
    },
  };
}

/** One line for each consumer that works for a group, in however many partitions. */
function showConsumers(list, partitions) {
  const all = partitions.flatMap(({ consumers = [] }) => consumers);
  const lines = [...Map.groupBy(all, ({ name }) => name)].map(([name, of]) => {
    const where = `${count(of.length)} ${of.length === 1 ? 'partition' : 'partitions'}`;
    const asked = duration(Math.min(...of.map(({ idle }) => idle)));
    return `${name}: ${where}, ${count(sum(of, 'pending'))} pending, asked ${asked} ago`;
  });
  if (lines.length === 0) lines.push('No consumer works for it.');
  while (list.childElementCount > lines.length) list.lastElementChild.remove();
  for (const [at, line] of lines.entries()) setText(list.children[at] ?? list.appendChild(make('li')), line);
}

/** The last entry that a reader has come to, where that is one: each partition has a position of its own. */
const positionOf = ([{ stream, position }, ...others]) =>
  others.length === 0 && position !== '0-0' ? { stream, id: position } : undefined;

function card(host, name, description) {
  const note = make('span.state');
  const head = make('h3', {}, name, ' ', note);
  const numbers = make('dl.numbers');
  const plot = make('div.plot', { role: 'img', ariaLabel: description });
  host.append(make('article.card', {}, head, numbers, plot));
  return { head, note, numbers, plot };
}

function number(numbers, label, series = '') {
  const value = make('dd', { textContent: '–' });
  numbers.append(make('div', { dataset: { series } }, make('dt', { textContent: label }), value));
  return value;
}
