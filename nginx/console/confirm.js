import { byId } from './dom.js';

const dialog = byId('confirm');

/** Asks in a dialog; resolves to whether the answer is yes. */
export function confirmed({ title, text, yes, no }) {
  byId('confirm-title').textContent = title;
  byId('confirm-text').textContent = text;
  byId('confirm-yes').textContent = yes;
  byId('confirm-no').textContent = no;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}
