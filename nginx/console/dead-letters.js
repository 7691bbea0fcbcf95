import { ask, every } from './api.js';
import { byId, make, setText } from './dom.js';

// The dead letters of groups, each with its reason; to put back or to drop.

const list = byId('dead-letters');
const confirmation = byId('confirm');
const rows = new Map();
const interval = 2000;

const keyOf = ({ stream, group, id }) => `${stream} ${group} ${id}`;
const pathOf = ({ stream, group, id }) =>
  `/dead-letters/${[stream, group, id].map(encodeURIComponent).join('/')}`;

/** Shows the dead letters, for ever. */
export const watchDeadLetters = () => every(interval, refresh, list.closest('.panel'));

/** Shows the dead letters now; rows that stay are left as they are, so that nobody loses their place. */
async function refresh() {
  const { total, deadLetters } = await ask('/dead-letters');
  const now = new Set(deadLetters.map(keyOf));
  for (const [key, row] of rows) {
    if (now.has(key)) continue;
    row.remove();
    rows.delete(key);
  }
  for (const entry of deadLetters) {
    if (rows.has(keyOf(entry))) continue;
    const row = rowOf(entry);
    rows.set(keyOf(entry), row);
    list.append(row);
  }
  setText(byId('dead-letters-count'), total > 0 ? String(total) : '');
  byId('dead-letters-none').hidden = total > 0;
}

function rowOf(entry) {
  const { stream, group, origin, code, reason, attempts, event } = entry;
  const trouble = make('p.problem', { hidden: true, role: 'alert' });
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`;
  const back = make('button', { type: 'button', textContent: 'Put back' });
  const drop = make('button.danger', { type: 'button', textContent: 'Drop …' });
  for (const button of [back, drop]) button.setAttribute('aria-label', `${button.textContent} ${origin}`);
  const act = async (request) => {
    trouble.hidden = true;
    try {
      await request();
      await refresh();
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    }
  };
  back.addEventListener('click', () => act(() => ask(`${pathOf(entry)}/requeue`, { method: 'POST' })));
  drop.addEventListener('click', async () => {
    if (await confirmed(`Entry ${origin} of ${stream}, a dead letter of ${group}: ${reason}`)) {
      await act(() => ask(pathOf(entry), { method: 'DELETE' }));
    }
  });
  return make(
    'li',
    {},
    make(
      'p',
      {},
      make('b', { textContent: code }),
      ' ',
      make('span.muted', { textContent: `${group}, after ${tries}` }),
    ),
    make('p', { textContent: reason }),
    make(
      'details',
      {},
      make('summary', { textContent: `Entry ${origin} of ${stream}` }),
      make('pre', { textContent: JSON.stringify(event, null, 2), tabIndex: 0 }),
    ),
    make('p.buttons', {}, back, drop),
    trouble,
  );
}

/** Asks in a dialog; resolves to whether the answer is yes. */
function confirmed(text) {
  byId('confirm-text').textContent = text;
  confirmation.returnValue = 'no';
  confirmation.showModal();
  return new Promise((resolve) => {
    confirmation.addEventListener('close', () => resolve(confirmation.returnValue === 'yes'), { once: true });
  });
}
