import { make } from './dom.js';

// Plots over the last fifteen minutes, in the page's own colours.

const probe = make('span', { hidden: true });
document.body.append(probe);

/** The colours asked for so far: to ask the page while it changes would have all of it styled at once. */
const colours = new Map();

/** A colour of the page's style, as it is in the theme that is on. */
export function colour(name) {
  if (!colours.has(name)) {
    probe.style.color = `var(--${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  return colours.get(name);
}

const height = 88;
const charts = new Set();

/** Only what can be seen is drawn: each plot's `seen`, which is called when it comes into view. */
const hosts = new Map();
const views = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) hosts.get(target)(isIntersecting);
});

/**
 * A plot of one or two figures over time.
 * @param {HTMLElement} host where it is drawn; it has a name for those who cannot see it
 * @param {{ label: string, colour: string }[]} series
 */
export function createChart(host, series) {
  const chart = new uPlot(
    {
      width: host.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 16, 0, 0],
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] } },
      axes: [
        axis({ space: 60, size: 24, incrs: [60, 120, 300, 900], values: (_, times) => times.map(clock) }),
        axis({ size: 40, space: 26, values: ({ data }, ticks) => ticks.map(labelIn(data)) }),
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
    [[], ...series.map(() => [])],
    host,
  );
  charts.add({ chart, host });
  let isSeen = false;
  let data;
  function draw() {
    if (!isSeen || !data) return;
    const [times] = data;
    chart.setData(data, false);
    chart.setScale('x', { min: times[0], max: times.at(-1) });
  }
  hosts.set(host, (isIntersecting) => {
    isSeen = isIntersecting;
    draw();
  });
  views.observe(host);
  return {
    /** Shows values over time in milliseconds; where one is missing is a gap. */
    show(moments, ...rows) {
      if (data && data[0].at(-1) === moments.at(-1) / 1000) return;
      data = [
        moments.map((moment) => moment / 1000),
        ...rows.map((row) => row.map((value) => value ?? null)),
      ];
      draw();
    },
  };
}

/** If there is nothing but zeros, the axis says just that. */
const labelIn = ([, ...rows]) => {
  const isFlat = rows.every((row) => row.every((value) => !value));
  return (value) => (isFlat && value !== 0 ? '' : String(value));
};

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clock = (time) => hours.format(time * 1000);

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
