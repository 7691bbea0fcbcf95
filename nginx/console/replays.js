import { ask, every } from './api.js';
import { confirmed } from './confirm.js';
import { byId, count, make, setText } from './dom.js';

// Starts replays and verifications, and tells how far they are.

const list = byId('replays');
const calm = 4000;
const busy = 250;

const said = {
  running: (mode) => (mode === 'verify' ? 'verifying' : 'replaying'),
  done: (mode, differences) =>
    mode === 'verify' ? 'as the events say' : `replayed, ${count(differences)} changed`,
  different: (_, differences) => `${count(differences)} not as the events say`,
  failed: () => 'failed',
};

/** A verification only reads; a replay writes, and so it asks first. */
const question = (projection) => ({
  title: `Replay ${projection}?`,
  text:
    `${projection} is built anew from its events, and what differs is changed to what they say. ` +
    'Requests go on meanwhile. Verify first if you want to know what would change.',
  yes: 'Replay it',
  no: 'Leave it',
});

const rows = new Map();

/** Shows a row for each projection of each service, with its last replay, for ever. */
export const watchReplays = () => every(calm, findProjections, list.closest('.panel'));

/** Gives a row to each projection that has none yet. A service that does not answer is asked again later. */
async function findProjections() {
  const services = await ask('/services');
  const asked = services.map(async (service) => {
    const path = `/replays/${service}`;
    for (const projection of (await ask(path)).projections)
      addRow(service, projection, `${path}/${projection}`);
  });
  await Promise.all(asked);
}

function addRow(service, projection, path) {
  if (rows.has(path)) return;
  rows.set(path, rowOf(service, projection, path));
  // Whichever service answers first, the order stays.
  list.replaceChildren(...[...rows.keys()].sort().map((key) => rows.get(key)));
}

function rowOf(service, projection, path) {
  const state = make('span.state', { role: 'status' });
  const progress = make('progress', { hidden: true, ariaLabel: `Progress of ${projection}` });
  const found = make('ul');
  const result = make('p.muted.small', { hidden: true });
  const details = make('details', { hidden: true }, make('summary', { textContent: 'Differences' }), found);
  const buttons = ['verify', 'replay'].map((mode) => {
    const button = make('button', { type: 'button', textContent: mode === 'verify' ? 'Verify' : 'Replay' });
    button.setAttribute('aria-label', `${button.textContent} ${projection}`);
    button.addEventListener('click', async () => {
      if (mode === 'verify' || (await confirmed(question(projection)))) await start(mode);
    });
    return button;
  });

  async function start(mode) {
    for (const button of buttons) button.disabled = true;
    try {
      show(await ask(path, { method: 'POST', json: { mode } }));
      while ((await refresh())?.state === 'running')
        await new Promise((resolve) => setTimeout(resolve, busy));
    } catch (error) {
      setText(state, error.message);
      state.dataset.state = 'failed';
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  async function refresh() {
    const [latest] = (await ask(path)).replays;
    if (latest) show(latest);
    return latest;
  }

  function show(replay) {
    const running = replay.state === 'running';
    const figures = running && replay.total > 0 ? ` ${count(replay.read)} of ${count(replay.total)}` : '';
    setText(state, said[replay.state](replay.mode, replay.differences) + figures);
    state.dataset.state = replay.state;
    progress.hidden = !running;
    if (replay.total > 0) Object.assign(progress, { max: replay.total, value: replay.read });
    else progress.removeAttribute('value');
    result.hidden = !replay.result;
    setText(result, replay.result ?? '');
    details.hidden = replay.found.length === 0;
    if (found.childElementCount !== replay.found.length) {
      found.replaceChildren(...replay.found.map((text) => make('li', { textContent: text })));
    }
  }

  const row = make(
    'li',
    {},
    make(
      'div.line',
      {},
      make(
        'p',
        {},
        make('b', { textContent: projection }),
        ' ',
        make('span.muted', { textContent: `of the service ${service}` }),
      ),
      make('p.buttons', {}, ...buttons),
    ),
    make('p', {}, state, ' ', progress),
    result,
    details,
  );
  every(calm, refresh, row);
  return row;
}
