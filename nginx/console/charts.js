import { make } from './dom.js';

// Plots over the last minutes, in the page's own colours.

const probe = make('span', { hidden: true });
document.body.append(probe);

/** The colours asked for so far: to ask the page while it changes would have all of it styled at once. */
const colours = new Map();

/** A colour of the page's style, as it is in the theme that is on. */
function colour(name) {
  if (!colours.has(name)) {
    probe.style.color = `var(--${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  return colours.get(name);
}

const height = 110;
/** How long a plot goes back, in seconds. */
const span = 300;
const charts = new Set();

/**
 * A plot of one or two figures over time.
 * @param {HTMLElement} host where it is drawn; it has a name for those who cannot see it
 * @param {{ label: string, colour: string }[]} series
 */
export function createChart(host, series) {
  const rows = [[], ...series.map(() => [])];
  const chart = new uPlot(
    {
      width: host.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 16, 0, 0],
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] } },
      axes: [
        axis({ space: 60, size: 24, values: (_, times) => times.map(clock) }),
        axis({ size: 40, space: 26 }),
      ],
      series: [
        {},
        ...series.map(({ label, colour: name }, at) => ({
          label,
          stroke: () => colour(name),
          width: 1.75,
          points: { show: false },
          ...(at > 0 && { dash: [4, 3] }),
        })),
      ],
    },
    rows,
    host,
  );
  charts.add({ chart, host });
  return {
    add(time, ...values) {
      rows[0].push(time);
      for (const [at, value] of values.entries()) rows[at + 1].push(value);
      while (rows[0][0] < time - span) for (const row of rows) row.shift();
      chart.setData(rows, false);
      chart.setScale('x', { min: time - span, max: time });
    },
  };
}

const clock = (time) =>
  new Date(time * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

const axis = (more) => ({
  stroke: () => colour('muted'),
  grid: { stroke: () => colour('line'), width: 1 },
  ticks: { show: false },
  font: '11px system-ui, sans-serif',
  ...more,
});

/** Draws all plots anew, as after a change of colours. */
export function redrawCharts() {
  colours.clear();
  for (const { chart } of charts) chart.redraw(false, true);
}

window.addEventListener('resize', () => {
  for (const { chart, host } of charts) chart.setSize({ width: host.clientWidth, height });
});
