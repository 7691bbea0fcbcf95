import { byId } from './dom.js';

// Single keys, for whoever has chosen to have them; never while somebody types, and never with another key held.

const help = byId('help');
const isOn = byId('keys-on');

/** Lets keys do what they are said to do, and shows which there are. */
export function bindKeys({ list, tryIt, undoTry, nextTheme, showNewest }) {
  const actions = {
    p: list.togglePause,
    e: list.showEarlier,
    '/': list.focusSearch,
    j: () => list.move(1),
    k: () => list.move(-1),
    t: () => byId('try').disabled || tryIt(),
    x: undoTry,
    escape: showNewest,
    d: nextTheme,
    '?': () => help.showModal(),
  };
  for (const panel of document.querySelectorAll('[data-key]')) {
    actions[panel.dataset.key] = () => panel.focus();
  }
  isOn.checked = localStorage.getItem('keys') !== 'off';
  isOn.addEventListener('change', () => localStorage.setItem('keys', isOn.checked ? 'on' : 'off'));
  byId('help-open').addEventListener('click', () => help.showModal());

  document.addEventListener('keydown', (event) => {
    const { key, ctrlKey, altKey, metaKey, target } = event;
    if (!isOn.checked || ctrlKey || altKey || metaKey || document.querySelector('dialog[open]')) return;
    if (target.matches('input, select, textarea')) {
      if (key === 'Escape') target.blur();
      return;
    }
    const act = actions[key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
