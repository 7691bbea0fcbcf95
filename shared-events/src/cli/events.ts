import { parseArgs } from 'node:util';
import { Failure } from '../failure.ts';
import { cluster } from './cluster.ts';
import { command, say } from './command.ts';
import { compactStreams } from './compact.ts';
import { deadLetterCommand } from './dead-letters.ts';
import { lag } from './lag.ts';
import { show } from './show.ts';
import { tail } from './tail.ts';

// npm run events -- …

const help = `Shows and steers the event streams.

  npm run events -- tail                       every event from now on, a line each, until Ctrl+C
      --from WHEN                              from an entry id (1795383360000-0), a time (2026-11-22T21:36:00Z), or
                                               0 for the beginning
      --type TYPE,…                            only these types
      --subject ID                             only this document
      --json                                   CloudEvents 1.0, a JSON line each
      --no-follow                              end where the streams end
  npm run events -- show ID                    the life of a document: what changed at each step
  npm run events -- lag                        how far each group and projection is behind, what is pending, and dead letters
  npm run events -- dead-letters list          the entries that groups have given up, with the reason
  npm run events -- dead-letters show ID       one of them, whole
  npm run events -- dead-letters requeue ID    put it back before its own group (ID may be all)
  npm run events -- dead-letters drop ID       forget it (ID may be all)
      --group NAME                             only of this group
  npm run events -- compact --older-than 30d   remove what a replay does not need: superseded updates, and all of what was
                                               deleted before that; never what a reader has not passed
      --dry-run                                only say how much that is
  npm run events -- cluster                    each node of a Redis Cluster: role, partitions, keys, memory, and how far
                                               each replica is behind
      --json                                   a JSON line each

Environment: REDIS_HOST, REDIS_PORT or REDIS_CLUSTER, REDIS_USERNAME, REDIS_PASSWORD and REDIS_TLS, as for the services.`;

const options = {
  from: { type: 'string' },
  type: { type: 'string' },
  subject: { type: 'string' },
  json: { type: 'boolean', default: false },
  follow: { type: 'boolean', default: true },
  group: { type: 'string' },
  'older-than': { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

await command(async () => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true, allowNegative: true });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) return void say(help);
  switch (name) {
    case 'tail':
      return tail({ ...values, types: values.type?.split(',') });
    case 'show':
      return show(rest[0]);
    case 'lag':
      return lag();
    case 'dead-letters':
      return deadLetterCommand(rest[0], rest[1], values.group);
    case 'compact':
      return compactStreams(values['older-than'], values['dry-run']);
    case 'cluster':
      return cluster(values);
    default:
      throw new Failure(
        'unknown_command',
        `There is no ${name}. npm run events -- --help tells what there is.`,
      );
  }
});
