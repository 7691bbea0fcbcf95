import type { ProcessName } from './bench.ts';
import { type RouteName, routeNames } from './requests.ts';
import type { Results } from './results.ts';
import type { OtherFigures, RouteFigures } from './routes.ts';

// What test/README.md tells of results.json, as Markdown.

const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
const rows = (heading: string[], lines: string[][]) => [
  row(...heading),
  row(...heading.map(() => '---')),
  ...lines.map((cells) => row(...cells)),
];
const whole = (value: number) => Math.round(value).toLocaleString('en');
const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0);
const ratio = (value: number | undefined) => value?.toFixed(2) ?? '';
const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(bytes < 1024 ** 2 ? 1 : 0)} MiB`;

/** Rates and processor time of all systems that were measured, with the ratios to Fastify and to the floor. */
export function routesTable({ routes: measured }: Results): string[] {
  if (!measured) return [];
  const { date, machine, rounds, seconds, routes, versions = {} } = measured;
  const others = Object.keys(routes['create user'].against);
  const title = (name: string) => (versions[name] ? `${name} ${versions[name]}` : name);
  const titles = (printing: string) =>
    others.map((name) => (name === 'printing' ? `printing, of this (${printing})` : title(name)));
  const against = (name: RouteName, other: string): OtherFigures | undefined => routes[name].against[other];
  const rate = ({ rate }: OtherFigures | RouteFigures) => `${whole(rate)}/s`;
  const time = (value: number | undefined) => (value === undefined ? '' : `${whole(value)} µs`);
  return [
    `Measured on ${date.slice(0, 10)} (${machine.cpu}, ${machine.cores} processors, Redis ${machine.redis}, nginx ${machine.nginx}, Node.js`,
    `${machine.node}): medians of ${rounds} rounds of ${seconds} seconds with 32 connections.`,
    '',
    ...rows(
      ['rate', 'this system', 'p50, p99', ...titles('0.9'), 'of Fastify (1)', 'of the floor (0.8)'],
      routeNames.map((name) => [
        ...[name, rate(routes[name]), `${ms(routes[name].p50)}, ${ms(routes[name].p99)} ms`],
        ...others.map((other) => {
          const figures = against(name, other) as OtherFigures;
          return other === 'printing' ? `${rate(figures)}, ${ratio(1 / figures.rateRatio)}` : rate(figures);
        }),
        ...['Fastify', 'floor'].map((other) => ratio(against(name, other)?.rateRatio)),
      ]),
    ),
    '',
    ...rows(
      [
        'processor time a request',
        'this system',
        ...titles('at most 1.1'),
        'of Fastify (at most 1)',
        'of the floor',
      ],
      routeNames.map((name) => [
        ...[name, time(routes[name].processorTime?.all)],
        ...others.map((other) => {
          const { processorTime, processorTimeRatio } = against(name, other) as OtherFigures;
          const of = processorTimeRatio && other === 'printing' ? `, ${ratio(1 / processorTimeRatio)}` : '';
          return `${time(processorTime?.all)}${of}`;
        }),
        ...['Fastify', 'floor'].map((other) => ratio(against(name, other)?.processorTimeRatio)),
      ]),
    ),
    '',
    ...rows(
      ['processor time by part, this system and Fastify', ...Object.keys(parts)],
      routeNames.map((name) => [
        name,
        ...Object.values(parts).map((processes) =>
          [routes[name], against(name, 'Fastify')].map((figures) => timeOf(figures, processes)).join('; '),
        ),
      ]),
    ),
  ];
}

/** What the processor time of a request is told of, each with the processes that it consists of. */
const parts = {
  gateway: ['gateway'],
  'both services': ['user service', 'task service'],
  Redis: ['Redis'],
} as const;

/** The processor time of some processes; where it was not measured, that is said. */
function timeOf(figures: RouteFigures | undefined, processes: readonly ProcessName[]): string {
  const times = processes.map((process) => figures?.processorTime?.[process]);
  if (times.includes(undefined)) return 'not measured';
  return `${whole(times.reduce<number>((sum, time = 0) => sum + time, 0))} µs`;
}

/** What following, replaying and consuming streams does and costs. */
export function streamsTable({ streams }: Results): string[] {
  if (!streams) return [];
  const { lag, replay, consuming, memory } = streams;
  const { before, during } = replay.requests;
  const requests = Object.entries(during).map(
    ([kind, { p99 }]) => `${kind} ${ms(p99)} ms (before ${ms(before[kind]?.p99 ?? Number.NaN)})`,
  );
  return rows(
    ['streams', 'measured', 'goal'],
    [
      [
        `lag of a projection, at ${whole(lag.rate)} users created a second`,
        ...[`p50 ${ms(lag.lag.p50)} ms, p99 ${ms(lag.lag.p99)} ms`, 'p99 50 ms'],
      ],
      [
        'what follows a created user in the task service, in its projection and its cascade',
        ...[`${lag.followUp?.toFixed(1) ?? '?'} µs of processor time`, '15 µs'],
      ],
      [
        `replay of ${whole(replay.events)} events into the known users, the whole command`,
        `${whole(replay.wallRate)}/s: ${ratio(replay.wallRatio)} of a bare loop of XRANGE, JSON.parse and HSET (${ratio(replay.ratio)} while it reads)`,
        '0.8',
      ],
      ['requests during it, p99', requests.join(', '), 'twice'],
      [
        'a consumer group whose handler does nothing',
        `${whole(consuming.rate)}/s: ${ratio(consuming.ratio)} of a bare loop of XREADGROUP, JSON.parse, HSET and XACK`,
        '0.8',
      ],
      [
        'memory',
        `${whole(memory.userEvent)} bytes a user event; ${whole(memory.task)} bytes a task with record, list and event`,
        '300; 1024',
      ],
    ],
  );
}

/** What more data and more time do. */
export function growthTable(results: Results): string[] {
  const lines = [growth(results), list(results), soak(results), console(results), start(results)];
  return rows(['growth', 'measured', 'goal'], lines.flat());
}

function growth({ growth }: Results): string[][] {
  const last = growth?.sizes.at(-1);
  if (!growth || !last) return [];
  const ratios = routeNames.map((name) => `${name} ${ratio(last.routes[name].ratio)}`);
  return [
    [
      `rate with ${whole(last.size)} users and tasks, as a multiple of that with ${whole(growth.sizes[0]?.size ?? 0)}`,
      ...[ratios.join(', '), '0.9 to 1.1'],
    ],
  ];
}

function list({ list }: Results): string[][] {
  if (!list) return [];
  const { pages, tasks, whole: all } = list;
  const rates = Object.entries(pages).map(
    ([place, { rate }]) => `${whole(rate)}/s ${place === 'middle' ? 'in' : 'at'} the ${place}`,
  );
  const grown =
    all.growth === undefined ? '' : `${mebibytes(all.growth.taskService)} more memory in a warm service; `;
  return [
    [`a user with ${whole(tasks)} tasks, pages of 100`, rates.join(', '), 'the same'],
    [
      `all of that list (${whole(all.bytes / 1e6)} MB in ${all.seconds.toFixed(1)} s)`,
      ...[`${grown}other reads take ${ms(all.readDuring.max)} ms at most`, '64 MiB; 50 ms'],
    ],
  ];
}

function soak({ soak }: Results): string[][] {
  if (!soak) return [];
  const grown = Object.entries(soak.growth).map(([name, { memory }]) => `${name} ${mebibytes(memory)}`);
  const measured = `growth after the first ${soak.settledAfter / 60} minutes: ${grown.join(', ')}`;
  return [
    [
      `${soak.minutes} minutes of mixed load at ${whole(soak.rate)}/s, 500 users at most, old events removed once a minute`,
      measured,
      'flat',
    ],
  ];
}

function console({ console }: Results): string[][] {
  if (!console) return [];
  const { seconds, rate, events, frames, longTasks } = console;
  const over = longTasks.filter((duration) => duration > 100).length;
  return [
    [
      `the console for ${seconds} seconds at ${whole(rate)} requests and ${whole(events)} events a second`,
      `${whole(frames)} frames a second; ${longTasks.length} tasks over 50 ms, ${over} over 100 ms`,
      'none over 100 ms',
    ],
  ];
}

const start = ({ start }: Results): string[][] =>
  start ? [['`npm start` until ready', `${start.median.toFixed(1)} s`, '3 s']] : [];
