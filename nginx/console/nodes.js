import { byId, count, make } from './dom.js';

// The map of the data: each server with the partitions that are on it.

const map = byId('nodes-map');
const summary = byId('nodes-summary');
let shown = '';

const many = (number, word) => `${count(number)} ${word}${number === 1 ? '' : 's'}`;

/** How many nodes and partitions there are, in words. */
export const sizeOf = (nodes) => ({
  nodes: many(nodes.length, 'node'),
  partitions: many(new Set(nodes.flatMap(({ partitions }) => partitions)).size, 'partition'),
});

/** Shows the nodes; nothing is changed if they are as before. */
export function showNodes({ nodes }) {
  const text = JSON.stringify(nodes);
  if (text === shown || nodes.length === 0) return;
  shown = text;
  const size = sizeOf(nodes);
  summary.textContent = `${size.nodes}, ${size.partitions}`;
  map.replaceChildren(...nodes.map(nodeView));
}

const nodeView = ({ address, role, version, memory, partitions }) =>
  make(
    'li',
    {},
    make('h3', { textContent: address }),
    make('p.small.muted', {
      textContent: `${role}, version ${version}, ${count(memory / 1024 / 1024)} MiB in use`,
    }),
    make(
      'ol.partitions',
      { ariaLabel: `Partitions on ${address}` },
      ...partitions.map((partition) => make('li', { textContent: partition })),
    ),
  );
