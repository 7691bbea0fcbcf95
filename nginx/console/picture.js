import { colour } from './charts.js';
import { byId } from './dom.js';
import { lanes, waitingAt, wayOf } from './stations.js';

// Events as dots that go from station to station, each as it comes over the feed. What a reader has not come to waits
// before it. Nothing moves for those who have asked for that.

const canvas = byId('flow-canvas');
const context = canvas.getContext('2d');
const flow = byId('flow');
const still = window.matchMedia('(prefers-reduced-motion: reduce)');

/** How long a dot takes from one station to the next, in milliseconds. */
const legTime = 550;
/** How far apart two dots set out, at least, in milliseconds: so many events look like many, and cost no more. */
const minGap = 20;
const maxWaiting = 12;
const colours = { created: 'made', updated: 'changed', deleted: 'gone' };

/** Makes the picture move. Gives what tells it of an event, and what has it drawn anew. */
export function createPicture(state) {
  let dots = [];
  let lastStart = 0;
  let isDrawing = false;
  let boxes = new Map();

  new ResizeObserver(layOut).observe(flow);
  new MutationObserver(forgetBoxes).observe(flow, { childList: true, subtree: true });

  function forgetBoxes() {
    boxes = new Map();
    redraw();
  }

  function layOut() {
    const { width, height } = flow.getBoundingClientRect();
    const scale = window.devicePixelRatio;
    Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    context.setTransform(scale, 0, 0, scale, 0, 0);
    forgetBoxes();
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
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const [from, to] of lanes(state)) drawLane(boxOf(from), boxOf(to));
    for (const { element, lag } of waitingAt(state)) drawWaiting(boxOf(element), Math.min(lag, maxWaiting));
    dots = dots.filter((dot) => now < dot.start + legTime);
    for (const dot of dots) {
      if (now >= dot.start)
        drawDot(pointAt(boxOf(dot.from), boxOf(dot.to), (now - dot.start) / legTime), dot.name);
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

/** A row of dots that ends at the side where entries come in. */
function drawWaiting(box, many) {
  for (let n = 0; n < many; n++) drawDot({ x: box.x - 6 - n * 6, y: box.y + box.height / 2 }, 'changed');
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

function drawLane(from, to) {
  context.strokeStyle = colour('edge');
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = 0; at <= pieces; at++) {
    const { x, y } = pointAt(from, to, at / pieces);
    context.lineTo(x, y);
  }
  context.stroke();
  context.globalAlpha = 1;
}
