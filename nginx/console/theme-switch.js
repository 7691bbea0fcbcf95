import { byId } from './dom.js';

const button = byId('theme');
const root = document.documentElement;
const themes = ['system', 'light', 'dark'];

/** Lets a button go from the system's colours to light, to dark, and back. Gives what does the same. */
export function bindTheme(onChange) {
  function next() {
    const chosen = themes[(themes.indexOf(root.dataset.theme ?? 'system') + 1) % themes.length];
    if (chosen === 'system') {
      delete root.dataset.theme;
      localStorage.removeItem('theme');
    } else {
      root.dataset.theme = chosen;
      localStorage.setItem('theme', chosen);
    }
    show();
    onChange();
  }
  function show() {
    button.textContent = `Theme: ${root.dataset.theme ?? 'system'}`;
  }
  button.addEventListener('click', next);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
  show();
  return next;
}
