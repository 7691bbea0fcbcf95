import { ask, every } from './api.js';
import { confirmed } from './confirm.js';
import { byId, make, setText } from './dom.js';
import { deadLetterLink, eventLink, linked } from './links.js';

// The dead letters of groups, each with its reason; to put back or to drop.

const list = byId('dead-letters');
const rows = new Map();
const interval = 2000;

const keyOf = ({ stream, group, id }) => `${stream} ${group} ${id}`;
const pathOf = ({ stream, group, id }) =>
  `/dead-letters/${[stream, group, id].map(encodeURIComponent).join('/')}`;

/** Shows the dead letters, for ever. */
export const watchDeadLetters = () => every(interval, refresh, list.closest('.panel'));

/** The dead letter that an address names, until it is here. */
let wanted;

/** Brings a dead letter into view, once it is there. */
export function goToDeadLetter(key) {
  wanted = key;
  const row = rows.get(key);
  if (!row) return list.closest('.panel').scrollIntoView();
  wanted = undefined;
  row.scrollIntoView({ block: 'center' });
  row.focus();
}

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
  if (wanted && rows.has(wanted)) goToDeadLetter(wanted);
  setText(byId('dead-letters-count'), total > 0 ? String(total) : '');
  byId('dead-letters-none').hidden = total > 0;
}

function rowOf(entry) {
  const { stream, group, origin, code, reason, attempts, event } = entry;
  const trouble = make('p.problem', { hidden: true, role: 'alert' });
  const tries = attempts === 1 ? 'given up at once' : `given up after ${attempts} tries`;
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
    const text = `Entry ${origin} of ${stream}, a dead letter of ${group}: ${reason}`;
    if (await confirmed({ title: 'Drop this dead letter?', text, yes: 'Drop it', no: 'Keep it' })) {
      await act(() => ask(pathOf(entry), { method: 'DELETE' }));
    }
  });
  return make(
    'li',
    { tabIndex: -1 },
    make(
      'p',
      {},
      make('b', { textContent: code }),
      ' ',
      make('span.muted', { textContent: `${group}, ${tries} ` }),
      make('a.small', { href: deadLetterLink(entry), textContent: 'link to this' }),
      ' ',
      make('a.small', { href: eventLink(event), textContent: 'event' }),
    ),
    make('p', { textContent: reason }),
    make(
      'details',
      {},
      make('summary', { textContent: `Entry ${origin} of ${stream}` }),
      make('pre', { tabIndex: 0 }, ...linked(JSON.stringify(event, null, 2))),
    ),
    make('p.buttons', {}, back, drop),
    trouble,
  );
}
