import { make, setText } from './dom.js';
import { eventLink } from './links.js';
import { sumOf } from './series.js';

// What cards consist of.

export const nameOf = (stream) => stream.replace(/:\{[\d.]+\}$/, '');
export const sum = (items, name) => sumOf(items.map((item) => item[name]));

export function card(host, name, description) {
  const note = make('span.state');
  const head = make('h3', {}, name, ' ', note);
  const numbers = make('dl.numbers');
  const plot = make('div.plot', { role: 'img', ariaLabel: description });
  host.append(make('article.card', {}, head, numbers, plot));
  return { head, note, numbers, plot };
}

export function number(numbers, label, series = '') {
  const value = make('dd', { textContent: '–' });
  numbers.append(make('div', { dataset: { series } }, make('dt', { textContent: label }), value));
  return value;
}

/** Shows an entry as a link to it; the link stays the same element, as it may have the focus. */
export function showEntry(element, entry, words = (id) => id) {
  if (!entry) return setText(element, '–');
  if (!element.querySelector('a')) element.replaceChildren(make('a'));
  const link = element.firstElementChild;
  link.href = eventLink(entry);
  setText(link, words(entry.id));
}
