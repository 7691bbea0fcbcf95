import { ask } from './api.js';
import { byId, make } from './dom.js';

// Makes a user and a task through the public routes, and tells when each step on their way was seen from here.

const steps = byId('try-steps');
const flow = byId('flow');
const remove = byId('try-delete');
const start = byId('try');
/** How long to wait for a step, and for how long to ask again for the projection, in milliseconds. */
const tryTimeout = 10_000;
const askAgain = 60;

/** What has come over the feed lately, and who waits for it. */
const seen = [];
const waiting = new Set();
const maxSeen = 1000;

/** Tells of every event that comes; those that come before the answer to their request count as well. */
export function notice(event) {
  seen.push({ event, at: performance.now() });
  if (seen.length > maxSeen) seen.splice(0, maxSeen / 2);
  for (const look of waiting) look();
}

/** Resolves when an event of a type and subject is here. */
function arrival(type, subject) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      waiting.delete(look);
      reject(new Error(`${type} did not come within ${tryTimeout / 1000} s`));
    }, tryTimeout);
    function look() {
      const found = seen.find(({ event }) => event.type === type && event.subject === subject);
      if (!found) return;
      waiting.delete(look);
      clearTimeout(late);
      resolve(found);
    }
    waiting.add(look);
    look();
  });
}

/** Resolves when the projection of known users has passed an event. */
async function projected({ source, id }) {
  const stream = source.replace(/^\/(.*)\/(\d+)$/, '$1:{$2}');
  const end = performance.now() + tryTimeout;
  while (performance.now() < end) {
    const { readers } = await ask('/readers');
    const reader = readers.find((each) => each.name === 'known-users' && each.stream === stream);
    if (reader && !isBefore(reader.position, id)) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, askAgain));
  }
  throw new Error('known-users did not come to it in time');
}

function isBefore(a, b) {
  const [aTime, aSequence] = a.split('-').map(Number);
  const [bTime, bSequence] = b.split('-').map(Number);
  return aTime < bTime || (aTime === bTime && aSequence < bSequence);
}

/** Tells a step, in the place that its time gives it. */
function tell(text, since, at = performance.now()) {
  const time = since === undefined ? '' : `${(at - since).toFixed(0)} ms`;
  const step = make('li', {}, make('span', { textContent: text }), make('time', { textContent: time }));
  step.at = at;
  steps.insertBefore(step, [...steps.children].find((other) => other.at > at) ?? null);
}

/** Marks a box of the diagram, with the time that had passed. */
function mark(step, words, milliseconds) {
  const box = flow.querySelector(`[data-step="${step}"]`);
  box.dataset.reached = '';
  box.querySelector('output').textContent = `${words} ${Math.max(0, milliseconds).toFixed(0)} ms`;
}

function clear() {
  steps.replaceChildren();
  for (const box of flow.children) {
    delete box.dataset.reached;
    box.querySelector('output').textContent = '';
  }
}

/** Runs one try at a time; what fails is told. */
async function run(work) {
  start.disabled = true;
  remove.disabled = true;
  clear();
  try {
    await work();
  } catch (error) {
    tell(`It did not work: ${error.message}`);
  } finally {
    start.disabled = false;
  }
}

/** Tells that an event has come. Its id has the time at which it was written, by the clock of this same machine. */
function travelled(begin, { event, at }) {
  mark('write', 'written after', Number.parseInt(event.id, 10) - (performance.timeOrigin + begin));
  mark('stream', 'here after', at - begin);
  tell(`${event.type} ${event.id} came over the feed`, begin, at);
}

let made;

/** Makes a user and a task, and tells of them. */
export const tryIt = () =>
  run(async () => {
    const begin = performance.now();
    const name = `Ada ${new Date().toLocaleTimeString('en-GB')}`;
    const user = await ask('/users/users', { method: 'POST', json: { name, email: 'ada@example.com' } });
    tell('POST /users/users answered 201: record and event are written', begin);
    mark('request', 'answered after', performance.now() - begin);
    const created = await arrival('user.created', user.id);
    travelled(begin, created);
    const known = await projected(created.event);
    mark('reader', 'known-users after', known - begin);
    tell('known-users has come to it: tasks of this user are checked locally', begin, known);

    const next = performance.now();
    const task = await ask('/tasks/tasks', {
      method: 'POST',
      json: { userId: user.id, title: `Buy milk for ${name}` },
    });
    tell('POST /tasks/tasks answered 201: user checked; record, lists and event are written', next);
    const written = await arrival('task.created', task.id);
    tell(`task.created ${written.event.id} came over the feed`, next, written.at);
    made = { user, task };
    remove.disabled = false;
  });

const deleteIt = () =>
  run(async () => {
    const { user, task } = made;
    const begin = performance.now();
    await ask(`/users/users/${user.id}`, { method: 'DELETE' });
    tell('DELETE /users/users/… answered 204', begin);
    mark('request', 'answered after', performance.now() - begin);
    travelled(begin, await arrival('user.deleted', user.id));
    const cascaded = await arrival('task.deleted', task.id);
    mark('reader', 'cascade after', cascaded.at - begin);
    tell('task.deleted came: the group cascade has deleted the task', begin, cascaded.at);
  });

start.addEventListener('click', tryIt);
remove.addEventListener('click', deleteIt);
