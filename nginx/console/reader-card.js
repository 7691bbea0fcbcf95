import { card, nameOf, number, showEntry, sum } from './card.js';
import { createChart } from './charts.js';
import { count, duration, make, setText } from './dom.js';
import { sumOf } from './series.js';

// A reader of a stream: how far behind it is, and who works for it if it is a consumer group.

const most = (items, of) => items.reduce((all, item) => Math.max(all, of(item)), 0);
const kinds = { group: 'consumer group', projection: 'projection' };

export function readerCard(host, _, about) {
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
