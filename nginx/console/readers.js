import { ask, every } from './api.js';
import { createChart } from './charts.js';
import { byId, count, duration, make, setText } from './dom.js';

// Streams and their readers: figures now, and plots of the last minutes. Partitions of one stream are shown as one.

const interval = 2000;

const nameOf = (stream) => stream.replace(/:\{\d+\}$/, '');

/** Asks for the figures again and again, and shows them. */
export function watchReaders() {
  const streams = cards(byId('streams'), streamCard);
  const readers = cards(byId('readers'), readerCard);
  let before;

  const refresh = async () => {
    const state = await ask('/readers');
    const time = Date.parse(state.time) / 1000;
    const now = group(state.streams, ({ stream }) => nameOf(stream));
    for (const [name, parts] of now) {
      const added = sum(parts, 'added');
      const last = before?.added.get(name);
      const rate = last === undefined ? 0 : Math.max(0, (added - last) / Math.max(0.001, time - before.time));
      streams(name).show({ time, parts, rate });
    }
    before = { time, added: new Map([...now].map(([name, parts]) => [name, sum(parts, 'added')])) };
    for (const [name, parts] of group(
      state.readers,
      (reader) => `${reader.kind} ${reader.name} ${nameOf(reader.stream)}`,
    )) {
      readers(name, parts[0]).show({ time, parts });
    }
  };
  every(interval, refresh, byId('streams').closest('.panel'), byId('readers').closest('.panel'));
}

function group(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

const sum = (items, name) => items.reduce((all, item) => all + item[name], 0);
const most = (items, of) => items.reduce((all, item) => Math.max(all, of(item)), 0);

/** A card for each name, made when it is first needed. */
function cards(host, create) {
  const made = new Map();
  return (name, ...about) => {
    if (!made.has(name)) made.set(name, create(host, name, ...about));
    return made.get(name);
  };
}

function streamCard(host, name) {
  const { figures, plot } = card(host, name, `Events a second in ${name} over the last five minutes`);
  const chart = createChart(plot, [{ label: 'events a second', colour: 'series-1' }]);
  return {
    show({ time, parts, rate }) {
      chart.add(time, rate);
      const partitions = parts.length > 1 ? `, ${parts.length} partitions` : '';
      setText(figures, `${count(rate)} a second, ${count(sum(parts, 'length'))} in all${partitions}`);
    },
  };
}

const kinds = { group: 'consumer group', projection: 'projection' };

function readerCard(host, _, { name, kind, stream }) {
  const { head, figures, plot } = card(
    host,
    name,
    `Lag and pending entries of ${name} over the last five minutes`,
  );
  head.append(make('span.muted', { textContent: ` ${kinds[kind]} of ${nameOf(stream)}` }));
  const chart = createChart(plot, [
    { label: 'lag', colour: 'series-1' },
    { label: 'pending', colour: 'series-2' },
  ]);
  const numbers = make('dl.numbers');
  figures.replaceWith(numbers);
  const number = (label, series) => {
    const value = make('dd', { textContent: '0' });
    numbers.append(
      make('div', { dataset: { series: series ?? '' } }, make('dt', { textContent: label }), value),
    );
    return value;
  };
  const lag = number('lag', '1');
  const age = number('lag in time');
  const pending = kind === 'group' ? number('pending', '2') : undefined;
  const oldest = kind === 'group' ? number('oldest pending') : undefined;
  const deadLetters = kind === 'group' ? number('dead letters') : undefined;
  return {
    show({ time, parts }) {
      const entries = parts.reduce((all, part) => all + part.lag.entries, 0);
      chart.add(time, entries, sum(parts, 'pending'));
      setText(lag, (parts.some((part) => part.lag.isMore) ? 'more than ' : '') + count(entries));
      setText(age, duration(most(parts, (part) => part.lag.seconds)));
      if (!pending) return;
      setText(pending, count(sum(parts, 'pending')));
      setText(oldest, duration(most(parts, (part) => part.oldestPending)));
      setText(deadLetters, count(sum(parts, 'deadLetters')));
    },
  };
}

function card(host, title, description) {
  const head = make('h3', {}, title);
  const figures = make('p.figures');
  const plot = make('div.plot', { role: 'img', ariaLabel: description });
  host.append(make('article.card', {}, head, figures, plot));
  return { head, figures, plot };
}
