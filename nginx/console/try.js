import { ask } from './api.js';
import { byId } from './dom.js';
import { clearStations, markStation } from './stations.js';
import { clear, showSteps, tellFailure } from './waterfall.js';

// Makes a user and a task through the public routes, and shows when each step on their way was seen from here: all by the
// one clock of this page.

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

/** Runs one try at a time and shows its steps and the event it ends with; what fails is told. */
async function run(work) {
  start.disabled = true;
  remove.disabled = true;
  clear();
  clearStations();
  try {
    const begin = performance.now();
    const { steps, event } = await work();
    const since = (at) => Math.max(0, at - begin);
    await showSteps(
      steps.map((step) => ({ ...step, start: since(step.start), end: since(step.end) })),
      { onEnd: reach },
    );
    onShown(event);
  } catch (error) {
    tellFailure(`It did not work: ${error.message}`);
  } finally {
    start.disabled = false;
    remove.disabled = made === undefined;
  }
}

/** Marks the stations that a step has come to, each with what is known of it then. */
function reach({ marks = {} }) {
  for (const [station, words] of Object.entries(marks)) markStation(station, words);
}

const whole = (milliseconds) => `${milliseconds.toFixed(0)} ms`;

/** The first steps of every try: a request is answered, its event comes, and a reader comes to it. */
function firstSteps({ begin, answered, arrived, read, texts, reader }) {
  const after = (at) => whole(at - begin);
  const [request, event, reading] = texts;
  // What is written shows first in the answer or in the feed, whichever is here sooner.
  const written = `written within ${after(Math.min(answered, arrived))}`;
  return [
    {
      text: request,
      start: begin,
      end: answered,
      marks: { request: `answered after ${after(answered)}`, write: written },
    },
    {
      text: event,
      start: begin,
      end: arrived,
      marks: { write: written, stream: `here after ${after(arrived)}` },
    },
    { text: reading, start: begin, end: read, marks: { reader: `${reader} within ${after(read)}` } },
  ];
}

let made;
let onShown = () => undefined;

/** Sets who is told of the event that a try ends with. */
export const bindTry = (told) => {
  onShown = told.onShown;
};

/** Makes a user and a task, and shows them travel. */
export const tryIt = () =>
  run(async () => {
    const begin = performance.now();
    const name = `Ada ${new Date().toLocaleTimeString('en-GB')}`;
    const user = await ask('/users/users', { method: 'POST', json: { name, email: 'ada@example.com' } });
    const answered = performance.now();
    const created = await arrival('user.created', user.id);
    const known = await projected(created.event);
    const next = performance.now();
    const json = { userId: user.id, title: `Buy milk for ${name}` };
    const task = await ask('/tasks/tasks', { method: 'POST', json });
    const end = performance.now();
    const written = await arrival('task.created', task.id);
    made = { user, task };
    return {
      event: written.event,
      steps: [
        ...firstSteps({
          begin,
          answered,
          arrived: created.at,
          read: known,
          reader: 'known-users',
          texts: [
            'POST /users/users: 201, record and event are written',
            'user.created comes over the feed',
            'known-users has come to it',
          ],
        }),
        { text: 'POST /tasks/tasks: 201, its user checked on the spot', start: next, end },
        { text: 'task.created comes over the feed', start: next, end: written.at },
      ],
    };
  });

const deleteIt = () =>
  run(async () => {
    const { user, task } = made;
    const begin = performance.now();
    await ask(`/users/users/${user.id}`, { method: 'DELETE' });
    made = undefined;
    const answered = performance.now();
    const deleted = await arrival('user.deleted', user.id);
    const cascaded = await arrival('task.deleted', task.id);
    return {
      event: cascaded.event,
      steps: firstSteps({
        begin,
        answered,
        arrived: deleted.at,
        read: cascaded.at,
        reader: 'cascade',
        texts: [
          'DELETE /users/users/…: 204, the user is gone',
          'user.deleted comes over the feed',
          'task.deleted comes: the group cascade has deleted the task',
        ],
      }),
    };
  });

start.addEventListener('click', tryIt);
remove.addEventListener('click', deleteIt);

/** Deletes what the last try made; nothing if there is none. */
export const undoTry = () => remove.disabled || deleteIt();
