import type { ProcessName } from './bench.ts';
import { type ClusterResult, systemNames } from './cluster.ts';
import type { ConsoleResult } from './console.ts';
import type { GrowthResult } from './growth.ts';
import type { ListResult } from './list.ts';
import type { PartName } from './options.ts';
import { routeNames } from './requests.ts';
import type { PartResults } from './results.ts';
import type { OtherFigures, RouteFigures, RoutesResult } from './routes.ts';
import type { SoakResult } from './soak.ts';
import type { StartResult } from './start.ts';
import type { Latency } from './stats.ts';
import type { StreamsResult } from './streams.ts';
import { table } from './table.ts';

const reports: { [Name in PartName]: (result: PartResults[Name]) => string[] } = {
  start: startReport,
  routes: routesReport,
  list: listReport,
  growth: growthReport,
  streams: streamsReport,
  console: consoleReport,
  cluster: clusterReport,
  soak: soakReport,
};

/** What a part came to, as lines for a person. */
export const report = <Name extends PartName>(name: Name, result: PartResults[Name]): string[] =>
  reports[name](result);

const whole = (value: number | undefined) =>
  value === undefined ? '' : Math.round(value).toLocaleString('en');
const perSecond = (value: number) => `${whole(value)}/s`;
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const percent = (value: number) => `${(value * 100).toFixed(1)}%`;
const times = (value: number | undefined) => (value === undefined ? '' : `×${value.toFixed(2)}`);
const megabytes = (value: number) => `${(value / 1024 ** 2).toFixed(1)} MiB`;
const latency = ({ p50, p99, max }: Latency) => `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`;

function startReport({ seconds, median }: StartResult): string[] {
  return [
    `npm start to Ready: ${median.toFixed(2)} s, the median of ${seconds.map((one) => one.toFixed(2)).join(', ')}`,
  ];
}

const processes: (ProcessName | 'all')[] = ['gateway', 'user service', 'task service', 'Redis', 'all'];

function routesReport({ rounds, seconds, routes }: RoutesResult): string[] {
  const others = Object.keys(routes['create user'].against);
  const common = ({ rate, p50, p99, failed, processorTime }: RouteFigures) => [
    ...[perSecond(rate), ms(p50), ms(p99), String(failed)],
    ...processes.map((process) => whole(processorTime?.[process])),
  ];
  const own = routeNames.map((name) => [name, ...common(routes[name])]);
  const against = routeNames.flatMap((name) =>
    others.map((other) => {
      const figures = routes[name].against[other] as OtherFigures;
      return [
        `${name}, ${other}`,
        ...common(figures),
        times(figures.rateRatio),
        times(figures.processorTimeRatio),
      ];
    }),
  );
  const heading = ['', 'rate', 'p50', 'p99', 'failed', ...processes];
  return [
    `${rounds} rounds of ${seconds} s, medians; processor time in µs a request`,
    ...table([heading, ...own]),
    ...(others.length > 0
      ? ['', ...table([[...heading, 'rate: own/other', 'processor time: own/other'], ...against])]
      : []),
  ];
}

function listReport({ tasks, pages, whole: list }: ListResult): string[] {
  const { bytes, seconds, growth, readBefore, readDuring } = list;
  const rows = Object.entries(pages).map(([place, { rate, p50, p99, failed }]) => [
    `100 at the ${place}`,
    ...[perSecond(rate), ms(p50), ms(p99), String(failed)],
  ]);
  const memory = growth
    ? `; memory grew by ${megabytes(growth.taskService)} (task service), ${megabytes(growth.gateway)} (gateway)`
    : '';
  return [
    `one user with ${whole(tasks)} tasks`,
    ...table([['', 'rate', 'p50', 'p99', 'failed'], ...rows]),
    `the whole list: ${whole(bytes)} bytes in ${seconds.toFixed(2)} s${memory}`,
    `reading a task before: ${latency(readBefore)}`,
    `reading a task during: ${latency(readDuring)}`,
  ];
}

function growthReport({ rounds, seconds, sizes }: GrowthResult): string[] {
  const rows = routeNames.map((name) => {
    const cells = sizes.map(
      ({ routes }) => `${perSecond(routes[name].rate)} ±${percent(routes[name].spread / 2)}`,
    );
    const failed = sizes.reduce((sum, { routes }) => sum + routes[name].failed, 0);
    return [name, ...cells, times(sizes.at(-1)?.routes[name].ratio), String(failed)];
  });
  return [
    `${rounds} rounds of ${seconds} s, medians ± half their spread, by the number of users and of tasks; the target is ×0.90 or more`,
    ...table([['', ...sizes.map(({ size }) => whole(size)), 'last/first', 'failed'], ...rows]),
  ];
}

function streamsReport({ lag, replay, consuming, memory }: StreamsResult): string[] {
  const { before, during } = replay.requests;
  return [
    `follower lag while ${perSecond(lag.rate)} users are created: ${latency(lag.lag)} (${lag.samples.length} samples)`,
    `what follows a created user in the task service: ${lag.followUp === undefined ? 'not measured' : `${lag.followUp.toFixed(1)} µs of processor time`}`,
    ...table([
      ['', 'entries', 'rate', 'floor', 'own/floor'],
      [
        'replay known-users',
        ...[whole(replay.events), perSecond(replay.rate), perSecond(replay.floorRate), times(replay.ratio)],
      ],
      [
        'replay, the whole command',
        ...[whole(replay.events), perSecond(replay.wallRate), perSecond(replay.floorRate)],
        times(replay.wallRatio),
      ],
      [
        'consume',
        ...[whole(consuming.entries), perSecond(consuming.rate), perSecond(consuming.floorRate)],
        times(consuming.ratio),
      ],
    ]),
    ...Object.entries(before).map(([kind, figures]) => `${kind} before a replay: ${latency(figures)}`),
    ...Object.entries(during).map(([kind, figures]) => `${kind} during it: ${latency(figures)}`),
    `memory: ${whole(memory.userEvent)} bytes a user event, ${whole(memory.taskEvent)} a task event, ${whole(memory.task)} a task altogether`,
  ];
}

function consoleReport({ seconds, rate, events, frames, longTasks }: ConsoleResult): string[] {
  const longest = longTasks.length > 0 ? `, the longest ${ms(Math.max(...longTasks))}` : '';
  const over = longTasks.filter((duration) => duration > 100);
  return [
    `${seconds} s at ${perSecond(rate)}, ${perSecond(events)} of them events: ${whole(frames)} frames a second`,
    `tasks over 50 ms: ${longTasks.length}${longest}; over 100 ms: ${over.length}`,
  ];
}

function clusterReport(result: ClusterResult): string[] {
  const { rounds, seconds, writes, idle = {} } = result;
  const micros = (time: number | undefined) => (time === undefined ? '' : whole(time));
  const rows = systemNames.map((name) => {
    const { rate, p50, failed, time } = writes[name];
    return [
      ...[name, perSecond(rate), ms(p50), String(failed)],
      ...[micros(time?.['user service']), micros(time?.masters), micros(time?.replicas)],
    ];
  });
  return [
    `${rounds} rounds of ${seconds} s in turn, medians; users are created, processor time in µs of each`,
    ...table([['', 'rate', 'p50', 'failed', 'user service', 'masters', 'replicas'], ...rows]),
    '',
    ...table([['', 'measured', 'goal'], ...clusterGoals(result)]),
    '',
    `idle, of a core: ${Object.entries(idle)
      .map(([name, part]) => `${name} ${percent(part)}`)
      .join(', ')}`,
    'lost, written twice, and the rest of what a cluster promises under faults: npm run test:cluster',
  ];
}

function clusterGoals(result: ClusterResult): string[][] {
  const { writes, shards, lag, outages, idle, partitions } = result;
  const { killed, 'by hand': byHand } = outages;
  const timeOf = (name: (typeof systemNames)[number]) => writes[name].time;
  const [plain, sure] = [timeOf('cluster'), timeOf('confirmed')];
  const gap = ({ reads, writes: written }: typeof killed) => `reads ${ms(reads)}, writes ${ms(written)}`;
  const elsewhere = ({ failed, before, during }: typeof killed) =>
    `${failed} failed, p99 ${ms(before)} before, ${ms(during)} then`;
  return [
    ['a shard is away after a kill', gap(killed), '5 s'],
    ['the other shards meanwhile', elsewhere(killed), '0 failed, p99 ×2'],
    ['a shard is away in a failover by hand', gap(byHand), '1 s'],
    ['the other shards meanwhile', elsewhere(byHand), '0 failed, p99 ×2'],
    ['rate of confirmed writes, of that without', times(result.confirmedRate), '×0.75'],
    ['p50 of a confirmed write, more than without', ms(result.confirmedDelay), '2 ms'],
    [
      'time of the masters for a confirmed write',
      times(plain && sure && sure.masters / plain.masters),
      '×1.15',
    ],
    ['time of a replica, of its master', times(sure && sure.replicas / sure.masters), '×0.60'],
    ['time of the user service, of that with one Redis', times(result.clusterTime), '×1.10'],
    [
      'time of a master a write: three, of one',
      times(shards && shards.all.time / shards.one.time),
      '×0.90 to ×1.10',
    ],
    ['work of the busiest of three, of a third', times(shards?.all.most), '×1.10'],
    [
      `idle with ${partitions} partitions, the busiest process`,
      idle === undefined ? '' : percent(Math.max(...Object.values(idle))),
      '2% of a core',
    ],
    ['lag of the known users under full load', latency(lag), 'p99 50 ms'],
  ];
}

function soakReport({ minutes, rate, latency: seen, answers, growth, settledAfter }: SoakResult): string[] {
  const rows = Object.entries(growth).map(([name, { memory, descriptors }]) => [
    ...[name, megabytes(memory), String(descriptors)],
  ]);
  const counts = Object.entries(answers).map(([status, count]) => `${status}: ${whole(count)}`);
  return [
    `${minutes} minutes at ${perSecond(rate)}: ${latency(seen)}; answers ${counts.join(', ')}`,
    ...table([[`growth after ${settledAfter} s`, 'memory', 'descriptors'], ...rows]),
  ];
}
