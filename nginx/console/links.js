import { make } from './dom.js';

// Addresses within the page: an event, a subject, a dead letter, a search. And ids in texts as links to them.

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const entryId = /^\d{1,19}-\d{1,19}$/;

export const isSubject = (text) => new RegExp(`^${uuid.source}$`).test(text);
export const isEntryId = (text) => entryId.test(text);

/** The source of an event; that of an entry which is none follows from its stream. */
export const sourceOf = ({ source, stream }) => source ?? `/${stream.replace(/:\{([\d.]+)\}$/, '/$1')}`;

export const eventLink = (event) => `#/events${sourceOf(event)}/${event.id}`;
export const subjectLink = (id) => `#/subjects/${encodeURIComponent(id)}`;
export const searchLink = (text) => `#/search/${encodeURIComponent(text)}`;
export const deadLetterLink = ({ stream, group, id }) =>
  `#/dead-letters/${[stream, group, id].map(encodeURIComponent).join('/')}`;

/** A text as nodes, in which the ids of subjects are links, and that of the request leads to a search for it. */
export function linked(text) {
  return text.split('\n').flatMap((line, at) => [...(at > 0 ? ['\n'] : []), ...linkedLine(line)]);
}

function linkedLine(line) {
  const [, before, id, behind] = /^(\s*"requestid": ")(.*)(",?)$/.exec(line) ?? [];
  if (id) return [before, make('a', { href: searchLink(id), textContent: id }), behind];
  return line
    .split(new RegExp(`(${uuid.source})`))
    .map((part) => (isSubject(part) ? make('a', { href: subjectLink(part), textContent: part }) : part));
}

/** Calls what shows a place, for the address the page has and for each that it gets. */
export function followAddress({ onEvent, onSubject, onDeadLetter, onSearch, onNothing }) {
  const go = () => {
    const [, kind, ...parts] = location.hash.slice(1).split('/').map(decodeURIComponent);
    if (!location.hash.startsWith('#/')) return location.hash === '' && onNothing();
    if (kind === 'events') return onEvent(`/${parts.slice(0, -1).join('/')}`, parts.at(-1));
    if (kind === 'subjects') return onSubject(parts.join('/'));
    if (kind === 'dead-letters') return onDeadLetter(parts.join(' '));
    if (kind === 'search') return onSearch(parts.join('/'));
  };
  window.addEventListener('hashchange', go);
  go();
}

/** Gives the page an address without a step back to the one before. */
export const setAddress = (hash) => history.replaceState(null, '', hash || location.pathname);
