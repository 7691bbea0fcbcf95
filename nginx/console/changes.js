import { make } from './dom.js';

/** The members of a document that an event set or changed, each with both values as text; for a deletion there are none. */
export function changesBetween(before, { type = '', data }) {
  if (type.endsWith('.deleted') || typeof data !== 'object' || data === null) return [];
  return Object.entries(data)
    .filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value))
    .map(([name, value]) => ({ name, from: textOf(before[name]), to: textOf(value) }));
}

const textOf = (value) => (value === undefined || typeof value === 'string' ? value : JSON.stringify(value));

/** What a member was and is. */
export const changeOf = ({ from, to }) => [
  ...(from === undefined ? [] : [make('del', { textContent: from }), ' → ']),
  make('ins', { textContent: to }),
];

/** How many documents are remembered, so that what an update changed is known. */
const maxKnown = 5000;

/** Remembers documents as events bring them, and tells what each event changed. */
export function createMemory() {
  const known = new Map();
  return ({ type, source, subject, data }) => {
    const key = `${source?.split('/')[1]} ${subject}`;
    const before = known.get(key);
    known.delete(key);
    if (type?.endsWith('.deleted')) return [];
    known.set(key, data);
    if (known.size > maxKnown) known.delete(known.keys().next().value);
    if (!type?.endsWith('.updated') || !before) return [];
    return changesBetween(before, { type, data }).filter(({ name }) => name !== 'updatedAt');
  };
}
