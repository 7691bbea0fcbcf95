import { byId, count, duration, make } from './dom.js';
import { isAway } from './nodes.js';
import { p99, sumOf } from './series.js';

// Whether all is well, and if not, what is wrong with the way to the place. The tab's title says it too.

/** From when on a reader is too late and requests are too slow, in seconds; as the alerts, which wait for minutes first. */
const maxLag = 10;
const maxDuration = 0.5;
/** How many points are those of the last minute. */
const lastMinute = 20;

const verdict = byId('verdict');
const title = document.title;
let shown;

/** What is wrong: the figure that shows it, the place to go to, and words. */
export function troublesOf({ services, streams, nodes, time }, isLive) {
  const troubles = [];
  const add = (figure, place, text) => troubles.push({ figure, place, text });
  if (!isLive) add('events', 'events', 'The feed of events is interrupted.');
  const last = streams.at(-1);
  const dead = last?.deadLetters ?? 0;
  if (dead > 0)
    add('dead-letters', 'dead-letters-panel', dead === 1 ? '1 dead letter' : `${count(dead)} dead letters`);
  for (const { name, trouble } of services.values()) {
    if (trouble) add('requests', 'services', `The service ${name}: ${trouble}`);
  }
  for (const { address } of nodes.filter(isAway)) {
    add('nodes', 'nodes', `The data on ${address} cannot be reached.`);
  }
  for (const { name, seconds } of last?.readers ?? []) {
    if (seconds > maxLag) add('lag', 'readers', `${name} is ${duration(seconds)} behind`);
  }
  const recent = [...services.values()].map(({ name, bounds, points }) => ({
    name,
    bounds,
    points: points.slice(-lastMinute).filter((point) => point.time > time - 60_000),
  }));
  const failed = sumOf(recent.flatMap(({ points }) => points.map((point) => point.failed)));
  if (failed > 0) add('failures', 'services', `${count(failed)} × 5xx in the last minute`);
  for (const { name, bounds, points } of recent) {
    const slow = p99(bounds, points) ?? 0;
    if (slow > maxDuration) add('p99', 'services', `The slowest requests to ${name} take ${duration(slow)}`);
  }
  return troubles;
}

/**
 * Shows what is wrong; nothing is changed, and nothing read aloud, if that is the same as before. That all is well is said
 * only once that is known.
 */
export function showVerdict(troubles, isKnown) {
  if (troubles.length === 0 && !isKnown) return;
  const text = troubles.map((trouble) => trouble.text).join(' · ');
  if (text === shown) return;
  shown = text;
  verdict.dataset.state = troubles.length > 0 ? 'bad' : 'good';
  verdict.replaceChildren(
    ...(troubles.length === 0
      ? ['All is well.']
      : troubles.map((trouble) => make('a', { href: `#${trouble.place}`, textContent: trouble.text }))),
  );
  document.title = troubles.length > 0 ? `▲ ${troubles[0].text} · ${title}` : title;
}
