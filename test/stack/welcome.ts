import { masters } from './cluster.ts';
import { inspectPorts, type StartOptions, typed } from './start-options.ts';

/** Where everything is, as a table. */
export function welcome({ ports, dataDir, inspect, demo }: StartOptions, seconds: number): string {
  const { gateway, operator, users, tasks, redis, cluster } = ports;
  const api = `http://localhost:${gateway}`;
  const example = [
    `curl ${api}/users/users \\`,
    `-H 'Content-Type: application/json' \\`,
    `-d '{"name":"Ada","email":"ada@example.com"}'`,
  ].join(`\n${' '.repeat(15)}`);
  const debuggers = Object.entries(inspectPorts)
    .map(([service, port]) => `${service} at port ${port}`)
    .join(', ');
  const rows: [name: string, text: string | false | undefined][] = [
    ['API', api],
    ['Docs', `${api}/docs`],
    ['Console', `http://localhost:${operator}  events, lag, dead letters, replays`],
    ['Services', `users at port ${users}, tasks at port ${tasks}`],
    ['Debuggers', inspect && debuggers],
    ['Redis', `redis-cli ${cluster ? '-c ' : ''}-p ${redis}; data in ${typed(dataDir)}`],
    [
      'Nodes',
      cluster && `at ports ${cluster.join(' ')}; REDIS_CLUSTER=127.0.0.1:${redis} npm run events -- cluster`,
    ],
    ['Failover', cluster && `redis-cli -p ${cluster[masters]} CLUSTER FAILOVER`],
    ['Demo', demo !== undefined && `${demo} requests a second; other rates: npm run demo -- --rate 50`],
    ['Remove', demo !== undefined && `rm -r ${typed(dataDir)}, when it is stopped`],
    ['Try', example],
    ['Stop', 'Ctrl+C, which keeps the data'],
  ];
  const table = rows.flatMap(([name, text]) => (text ? `  ${name.padEnd(9)}  ${text}\n` : []));
  return `\nReady after ${seconds.toFixed(1)} s.\n\n${table.join('')}`;
}

/** The same in one line, for whoever has long scrolled away from it. */
export const reminder = ({ ports: { gateway, operator } }: StartOptions): string =>
  `-- API and docs http://localhost:${gateway}/docs, console http://localhost:${operator}, Ctrl+C stops --`;
