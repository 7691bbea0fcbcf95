import { byId, count, make } from './dom.js';

// The map of the data: each server with the partitions that are on it.

const map = byId('nodes-map');
const summary = byId('nodes-summary');
const moves = byId('nodes-moves');
/** How many moves are told. */
const maxMoves = 6;
/** The node that each partition was on last. */
const homes = new Map();
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
  for (const { address, partitions } of nodes) {
    const moved = partitions.filter((partition) => (homes.get(partition) ?? address) !== address);
    if (moved.length > 0) tellMove(moved, homes.get(moved[0]), address);
    for (const partition of partitions) homes.set(partition, address);
  }
}

/** Tells that partitions are on another node now, as after a failover. */
function tellMove(partitions, from, to) {
  const time = new Date().toLocaleTimeString('en-GB');
  const text = `${time}: partition${partitions.length === 1 ? '' : 's'} ${partitions.join(', ')} went from ${from} to ${to}`;
  moves.prepend(make('li', { textContent: text }));
  moves.hidden = false;
  while (moves.childElementCount > maxMoves) moves.lastElementChild.remove();
}

export const isAway = ({ role }) => role === 'away';

const nodeView = (node) =>
  make(
    'li',
    { dataset: { state: isAway(node) ? 'bad' : 'good' } },
    make('h3', { textContent: node.address }),
    make('p.small.muted', { textContent: isAway(node) ? 'does not answer' : aboutOf(node) }),
    make(
      'ol.partitions',
      { ariaLabel: `Partitions on ${node.address}` },
      ...node.partitions.map((partition) => make('li', { textContent: partition })),
    ),
  );

const aboutOf = ({ role, version, memory }) =>
  `${role}, version ${version}, ${count(memory / 1024 / 1024)} MiB in use`;
