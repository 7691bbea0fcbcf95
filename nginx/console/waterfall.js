import { byId, make } from './dom.js';

// Steps of one story on one axis of time, shown so slowly that one sees them happen.

const host = byId('try-steps');
const axis = byId('try-axis');
const words = byId('try-words');
const still = window.matchMedia('(prefers-reduced-motion: reduce)');
/** How long the story takes to be shown, whatever it took, in milliseconds. */
const showTime = 4000;

const milliseconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/**
 * Shows steps as bars; resolves when all of them have been shown.
 * @param {{ text: string, start: number, end: number }[]} steps with times in milliseconds since the beginning of the story
 * @param {{ onEnd(step: object): void }} told when a step has been shown to its end
 */
export async function showSteps(steps, { onEnd }) {
  const total = Math.max(...steps.map(({ end }) => end));
  const rows = steps.map((step) => ({ step, ...rowOf(step) }));
  clear();
  byId('try-story').hidden = false;
  host.append(...rows.map(({ element }) => element));
  axis.replaceChildren(
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => make('span', { textContent: milliseconds(share * total) })),
  );
  const slower = Math.round(showTime / total);
  const isSlowed = slower > 1 && !still.matches;
  words.textContent =
    `All of it took ${milliseconds(total)}, by the clock of this page` +
    (isSlowed ? `; it is shown ${slower} times slower.` : '.');
  await until(total, (now) => {
    for (const row of rows) drawUntil(row, now, total, onEnd);
  });
}

/** Empties the story. */
export function clear() {
  host.replaceChildren();
  axis.replaceChildren();
  words.textContent = '';
}

/** Tells what went wrong. */
export function tellFailure(text) {
  byId('try-story').hidden = false;
  words.textContent = text;
}

function rowOf({ text }) {
  const bar = make('span.bar');
  const time = make('time');
  const element = make(
    'li',
    {},
    make('span.label', { textContent: text }),
    make('span.track', {}, bar),
    time,
  );
  return { element, bar, time, isOver: false };
}

function drawUntil(row, now, total, onEnd) {
  const { step, element, bar, time } = row;
  if (row.isOver || now < step.start) return;
  element.dataset.begun = '';
  bar.style.left = `${(step.start / total) * 100}%`;
  bar.style.width = `${((Math.min(now, step.end) - step.start) / total) * 100}%`;
  if (now < step.end) return;
  row.isOver = true;
  time.textContent = milliseconds(step.end);
  onEnd(step);
}

/** Calls a function with the time of the story, frame by frame, up to its end. */
function until(total, draw) {
  if (still.matches) {
    draw(total);
    return Promise.resolve();
  }
  const begin = performance.now();
  return new Promise((resolve) => {
    const frame = (now) => {
      const at = Math.min(1, Math.max(0, now - begin) / showTime) * total;
      draw(at);
      if (at < total) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  });
}
