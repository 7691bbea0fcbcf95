import { ask, every } from './api.js';
import { step } from './series.js';

// What the services tell of themselves, asked for again and again. What they keep of the last fifteen minutes is read
// in full once; after that only what is new.

const maxPoints = 320;

/**
 * What is known now.
 * `services`: by prefix, with its points, and its `trouble` in words if it does not serve.
 * `streams`: points with the streams and the readers. `readers`: all of them in detail. `nodes`: servers of the data.
 */
export const state = {
  services: new Map(),
  streams: [],
  readers: [],
  lengths: [],
  nodes: [],
  /** the times of the newest and of the oldest point of all */
  time: 0,
  since: Number.POSITIVE_INFINITY,
};

/** How often a change is told, at most, in milliseconds. */
const calm = 1000;

/** Keeps the state fresh for ever, and tells when it has changed. */
export async function watchState(onChange, panels) {
  let isTold = true;
  const changed = () => {
    if (!isTold) return;
    isTold = false;
    setTimeout(() => {
      isTold = true;
      onChange(state);
    }, calm);
  };
  every(step, () => readStreams().finally(changed), panels.streams, panels.readers);
  every(step, () => readNodes().finally(changed), panels.nodes);
  for (const name of await servicesThere()) {
    const service = { name, bounds: [], points: [], trouble: undefined };
    state.services.set(name, service);
    every(step, () => readRequests(service).finally(changed), panels.services);
    every(step, () => readReadiness(service).finally(changed));
  }
}

/** The prefixes of the services; asked for until the gateway answers. */
async function servicesThere() {
  for (;;) {
    try {
      return await ask('/services');
    } catch {
      await new Promise((resolve) => setTimeout(resolve, step));
    }
  }
}

async function readStreams() {
  const [{ points }, now] = await Promise.all([
    ask(`/history?after=${state.streams.at(-1)?.time ?? 0}`),
    ask('/readers'),
  ]);
  Object.assign(state, { readers: now.readers, lengths: now.streams });
  for (const point of points) {
    const before = state.streams.at(-1);
    for (const stream of point.streams) {
      const last = before?.streams.find((other) => other.stream === stream.stream);
      if (last) stream.rate = Math.max(0, (stream.added - last.added) / ((point.time - before.time) / 1000));
    }
    keep(state.streams, point);
  }
}

async function readRequests(service) {
  const { bounds, points } = await ask(`/history/${service.name}?after=${service.points.at(-1)?.time ?? 0}`);
  service.bounds = bounds;
  for (const point of points) keep(service.points, { ...point, rate: point.answered / point.seconds });
}

function keep(points, point) {
  points.push(point);
  if (points.length > maxPoints) points.shift();
  state.time = Math.max(state.time, point.time);
  state.since = Math.min(state.since, point.time);
}

async function readNodes() {
  state.nodes = (await ask('/nodes')).nodes;
}

async function readReadiness(service) {
  try {
    await ask(`/${service.name}/ready`);
    service.trouble = undefined;
  } catch (error) {
    service.trouble = [502, 504].includes(error.status) ? 'down or starting' : error.message;
  }
}
