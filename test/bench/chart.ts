import * as echarts from 'echarts';
import { routeNames } from './requests.ts';
import type { Results } from './results.ts';

/** One picture in a column of pictures. */
interface Panel {
  title: string;
  x: object;
  y: object;
  series: object[];
}

const width = 960;
const panelHeight = 380;
const colours = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#b35900', '#17808c', '#c2257f'];
const text = '#222222';
const line = '#dddddd';

/** Draws the results as SVG: a panel for each part that has one, on a light background of its own. */
export function drawChart(results: Results): string {
  const panels = [ratesPanel, growthPanel, latencyPanel, lagPanel, soakPanel]
    .map((panel) => panel(results))
    .filter((panel) => panel !== undefined);
  const height = Math.max(1, panels.length) * panelHeight;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  const top = (at: number) => at * panelHeight;
  chart.setOption({
    backgroundColor: '#ffffff',
    animation: false,
    color: colours,
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: text },
    title: panels.map(({ title }, at) => ({
      ...{ text: title, left: 20, top: top(at) + 14 },
      textStyle: { fontSize: 15, color: text },
    })),
    legend: panels.map(({ series }, at) => ({
      ...{ data: series.map((one) => (one as { name: string }).name), right: 20, top: top(at) + 70 },
      ...{ orient: 'vertical', textStyle: { color: text } },
    })),
    grid: panels.map((_, at) => ({ left: 80, right: 200, top: top(at) + 70, height: panelHeight - 130 })),
    xAxis: panels.map(({ x }, at) => ({ gridIndex: at, ...axis, ...x })),
    yAxis: panels.map(({ y }, at) => ({ gridIndex: at, ...axis, min: 0, ...y })),
    series: panels.flatMap(({ series }, at) =>
      series.map((one) => ({ xAxisIndex: at, yAxisIndex: at, ...one })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const axis = {
  nameTextStyle: { color: text },
  axisLabel: { color: text },
  axisLine: { lineStyle: { color: text } },
  splitLine: { lineStyle: { color: line } },
};

const byRoute = {
  type: 'category',
  data: routeNames,
  axisLabel: { color: text, interval: 0, width: 85, overflow: 'break' },
};

const below = { nameLocation: 'middle', nameGap: 30 };

/** Only where other systems were measured as well. */
function ratesPanel({ routes }: Results): Panel | undefined {
  if (!routes?.versions) return undefined;
  const { routes: measured } = routes;
  const bars = (name: string, rate: (route: (typeof routeNames)[number]) => number | undefined) => ({
    ...{ name, type: 'bar', data: routeNames.map((route) => Math.round(rate(route) ?? 0)) },
  });
  const others = Object.keys(measured['create user'].against);
  return {
    title: 'Rate beside other systems, on 32 connections',
    x: byRoute,
    y: { type: 'value', name: 'answers a second' },
    series: [
      bars('this system', (route) => measured[route].rate),
      ...others.map((name) => bars(name, (route) => measured[route].against[name]?.rate)),
    ],
  };
}

function growthPanel({ growth }: Results): Panel | undefined {
  if (!growth) return undefined;
  const { sizes } = growth;
  return {
    title: 'Rate by the number of users and tasks',
    x: {
      type: 'category',
      name: 'users, and as many tasks',
      ...below,
      data: sizes.map(({ size }) => size.toLocaleString('en')),
    },
    y: { type: 'value', name: 'answers a second' },
    series: routeNames.map((name) => ({
      ...{ name, type: 'line', symbolSize: 6 },
      data: sizes.map(({ routes }) => Math.round(routes[name].rate)),
    })),
  };
}

function latencyPanel({ routes }: Results): Panel | undefined {
  if (!routes) return undefined;
  const bars = (name: 'p50' | 'p99') => ({
    ...{ name, type: 'bar', label: { show: true, position: 'top', color: text, fontSize: 10 } },
    data: routeNames.map((route) => Number(routes.routes[route][name].toFixed(1))),
  });
  return {
    title: 'Latency at full rate on 32 connections',
    x: byRoute,
    y: { type: 'value', name: 'milliseconds' },
    series: [bars('p50'), bars('p99')],
  };
}

function lagPanel({ streams }: Results): Panel | undefined {
  if (!streams) return undefined;
  const { samples, rate } = streams.lag;
  return {
    title: `Lag of the known users while ${Math.round(rate).toLocaleString('en')} users a second are created`,
    x: { type: 'value', name: 'seconds', ...below, max: streams.lag.seconds },
    y: { type: 'value', name: 'milliseconds' },
    series: [
      { name: 'follower lag', type: 'line', showSymbol: false, lineStyle: { width: 1 }, data: samples },
    ],
  };
}

function soakPanel({ soak }: Results): Panel | undefined {
  if (!soak) return undefined;
  const names = Object.keys(soak.samples[0]?.memory ?? {}) as (keyof (typeof soak.samples)[0]['memory'])[];
  return {
    title: `Resident memory under ${Math.round(soak.rate).toLocaleString('en')} requests a second`,
    x: { type: 'value', name: 'minutes', ...below, max: soak.minutes },
    y: { type: 'value', name: 'MiB' },
    series: names.map((name) => ({
      ...{ name, type: 'line', showSymbol: false },
      data: soak.samples.map(({ seconds, memory }) => [seconds / 60, (memory[name] ?? 0) / 1024 ** 2]),
    })),
  };
}
