import { colour } from './charts.js';
import { byId } from './dom.js';
import { lanes, waitingAt, wayOf } from './stations.js';

// Events as dots that go from station to station, each as it comes over the feed. What a reader has not come to waits
// before it. Nothing moves for those who have asked for that.

const canvas = byId('flow-canvas');
const context = canvas.getContext('2d');
const ways = byId('flow-ways');
const flow = byId('flow');
const still = window.matchMedia('(prefers-reduced-motion: reduce)');
/** Where the style has the stations one above the other. */
const narrow = window.matchMedia('(max-width: 40rem)');

/** How long a dot takes from one station to the next, in milliseconds. */
const legTime = 550;
/** How far apart two dots set out, at least, in milliseconds: so many events look like many, and cost no more. */
const minGap = 40;
/** How far apart two drawings are, at least, in milliseconds. */
const minFrame = 30;
const maxWaiting = 12;
const colours = { created: 'made', updated: 'changed', deleted: 'gone' };

/** Makes the picture move. Gives what tells it of an event, and what has it drawn anew. */
export function createPicture(state) {
  let dots = [];
  let lastStart = 0;
  let lastDrawn = 0;
  let isDrawing = false;
  let boxes = new Map();

  new ResizeObserver(layOut).observe(flow);
  const places = new MutationObserver(layOut);
  for (const list of flow.querySelectorAll('ul')) places.observe(list, { childList: true });

  function layOut() {
    const { width, height } = flow.getBoundingClientRect();
    const scale = window.devicePixelRatio;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    context.setTransform(scale, 0, 0, scale, 0, 0);
    boxes = new Map();
    dots = dots.filter(({ from, to }) => from.isConnected && to.isConnected);
    ways.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const drawn = lanes(state).map(([from, to]) => laneOf(boxOf(from), boxOf(to)));
    ways.firstElementChild.setAttribute('d', drawn.join(''));
    redraw();
  }

  /** Where a place is; to ask for that while dots move would have the page laid out in every frame. */
  function boxOf(element) {
    if (!boxes.has(element)) {
      const { left, top } = flow.getBoundingClientRect();
      const box = element.getBoundingClientRect();
      boxes.set(element, { x: box.x - left, y: box.y - top, width: box.width, height: box.height });
    }
    return boxes.get(element);
  }

  /** A new event sets out. */
  function travel(event) {
    const now = performance.now();
    if (still.matches || document.hidden || now - lastStart < minGap) return;
    lastStart = now;
    const { through, readers } = wayOf(event, state);
    const name = colours[event.type?.split('.').at(-1)] ?? 'accent';
    for (const [at, from] of through.entries()) {
      const next = at < through.length - 1 ? [through[at + 1]] : readers;
      for (const to of next) dots.push({ from, to, start: now + at * legTime, name });
    }
    redraw();
  }

  function redraw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(draw);
  }

  function draw(now) {
    isDrawing = false;
    if (now - lastDrawn < minFrame) return redraw();
    lastDrawn = now;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const { element, lag } of waitingAt(state)) drawWaiting(boxOf(element), Math.min(lag, maxWaiting));
    dots = dots.filter((dot) => now < dot.start + legTime);
    for (const { from, to, start, name } of dots) {
      if (now >= start) drawDot(pointAt(boxOf(from), boxOf(to), (now - start) / legTime), name);
    }
    if (dots.length > 0) redraw();
  }

  return { travel, redraw };
}

function drawDot({ x, y }, name) {
  context.fillStyle = colour(name);
  context.beginPath();
  context.arc(x, y, 3.5, 0, 2 * Math.PI);
  context.fill();
}

/** A row of dots at the side where entries come in. */
function drawWaiting(box, many) {
  for (let n = 0; n < many; n++) {
    const beside = { x: box.x - 6 - n * 6, y: box.y + box.height / 2 };
    const above = { x: box.x + 6 + n * 6, y: box.y - 1 };
    drawDot(narrow.matches ? above : beside, 'changed');
  }
}

/** Where the way between two places begins and ends: side by side, or one above the other where the page is narrow. */
function endsOf(from, to) {
  const isBeside = to.x > from.x + from.width;
  return isBeside
    ? {
        isBeside,
        start: { x: from.x + from.width, y: from.y + from.height / 2 },
        end: { x: to.x, y: to.y + to.height / 2 },
      }
    : {
        isBeside,
        start: { x: from.x + from.width / 2, y: from.y + from.height },
        end: { x: to.x + to.width / 2, y: to.y },
      };
}

const mix = (a, b, share) => a + (b - a) * share;

/** A point of the way between two places, which sets out and arrives straight. */
function pointAt(from, to, progress) {
  const { isBeside, start, end } = endsOf(from, to);
  const part = progress * progress * (3 - 2 * progress);
  return {
    x: mix(start.x, end.x, isBeside ? progress : part),
    y: mix(start.y, end.y, isBeside ? part : progress),
  };
}

/** How many straight pieces a lane is drawn of. */
const pieces = 12;

/** The way between two places, as the path of a drawing. */
const laneOf = (from, to) =>
  Array.from({ length: pieces + 1 }, (_, at) => pointAt(from, to, at / pieces))
    .map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
