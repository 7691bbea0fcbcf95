import { ask } from './api.js';
import { byId, make, timeOfDay } from './dom.js';

// One event as CloudEvents JSON, and the life of its subject: what each step changed.

const body = byId('detail-body');
const lead = byId('detail-lead');
const panel = byId('detail');
let asked = 0;

/** Shows an event. What is chosen last is what is shown, however long the answers take. */
export async function showEvent({ event, type, subject }) {
  asked += 1;
  const turn = asked;
  const life = make('div.life', {}, make('p.muted', { textContent: 'Reading the life of the subject …' }));
  lead.textContent = subject ? `${type} of ${subject}` : type;
  body.replaceChildren(...(subject ? [life] : []), json(event));
  if (window.matchMedia('(max-width: 60rem)').matches) panel.scrollIntoView({ block: 'start' });
  if (!subject) return;
  try {
    const found = await ask(`/subjects/${encodeURIComponent(subject)}`);
    if (turn === asked) life.replaceChildren(...lifeOf(found, event));
  } catch (error) {
    if (turn === asked) life.replaceChildren(make('p.problem', { textContent: error.message }));
  }
}

const json = (event) =>
  make(
    'details.json',
    { open: true },
    make('summary', { textContent: 'CloudEvents JSON' }),
    make('pre', { textContent: JSON.stringify(event, null, 2), tabIndex: 0 }),
  );

function lifeOf({ events, complete }, chosen) {
  let before = {};
  const steps = events.map((event) => {
    const changes = changesBetween(before, event);
    before = event.data ?? before;
    const step = make(
      'li',
      { dataset: { kind: (event.type ?? 'undecodable').split('.').at(-1) } },
      make(
        'p',
        {},
        make('b', { textContent: event.type ?? 'undecodable' }),
        ' ',
        make('time', {
          textContent: `${new Date(event.time ?? 0).toLocaleDateString()} ${timeOfDay(event.time ?? 0)}`,
        }),
      ),
      ...changes,
      event.requestid && make('p.muted.small', { textContent: `request ${event.requestid}` }),
    );
    if (event.id === chosen.id && event.source === chosen.source) step.setAttribute('aria-current', 'step');
    return step;
  });
  return [
    make('h3', { textContent: `Its life: ${events.length} ${events.length === 1 ? 'event' : 'events'}` }),
    make('ol', { tabIndex: 0, ariaLabel: 'Steps, oldest first' }, ...steps),
    ...(complete
      ? []
      : [
          make('p.muted', {
            textContent: 'There may be more: the streams are too long to look through here.',
          }),
        ]),
  ];
}

/** A line for each member of the document that a step set or changed; for a deletion there is none. */
function changesBetween(before, { type = '', data }) {
  if (type.endsWith('.deleted') || typeof data !== 'object' || data === null) return [];
  const lines = Object.entries(data)
    .filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value))
    .map(([name, value]) =>
      make(
        'div',
        {},
        make('dt', { textContent: name }),
        make(
          'dd',
          {},
          ...(before[name] === undefined ? [] : [make('del', { textContent: textOf(before[name]) }), ' → ']),
          make('ins', { textContent: textOf(value) }),
        ),
      ),
    );
  return lines.length > 0 ? [make('dl.changes', {}, ...lines)] : [];
}

const textOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
