import { parseArgs } from 'node:util';
import { partNames, partsOnDemand } from './parts.ts';

/** Another system that is measured beside this one, by its gateway. */
export interface Other {
  name: string;
  gateway: string;
  /** The process whose processor time, with that of all its descendants, is counted. */
  pid?: number;
}

export interface Options {
  help: boolean;
  only: PartName[];
  against: Other[];
  /** Whether the systems of `peers/` are measured as well. */
  peers: boolean;
  /** How long the soak lasts. */
  minutes: number;
  /** Small sizes and short rounds: to see that it works. */
  quick: boolean;
  /** The folder of results.json and results.svg; nothing is written where there is none. */
  to?: string;
}

export type PartName = (typeof partNames)[number];

export const help = `Measures the system on this machine, prints tables, and writes results.json and results.svg.

  npm run bench                                   all parts but console, cluster and soak, in under ten minutes
  npm run bench -- --only routes,growth           some; the results keep what was measured before of the others
  npm run bench -- --only console                 the console in Chromium under load for a minute; how smooth it stays
  npm run bench -- --only cluster                 what a Redis Cluster costs, and for how long a shard is away, beside goals
  npm run bench -- --only soak --minutes 60       a steady load for an hour; memory and descriptors
  npm run bench -- --against NAME=URL[=PID]       the routes of another system as well, in the same rounds, with ratios;
                                                  PID is the process whose tree's processor time is counted; may be
                                                  repeated
  npm run bench -- --peers                        the routes beside the same services on Fastify, Koa and NestJS, and beside
                                                  the least that Node can do; needs npm ci --prefix test/bench/peers
  npm run bench -- --quick                        small sizes and short rounds, to see that it works; writes nothing
                                                  without --to
  --to FOLDER                                     where the results go (test/bench)

Parts: ${partNames.join(', ')}. Each starts a stack of its own on free ports. Ctrl+C stops everything.`;

const definitions = {
  help: { type: 'boolean', short: 'h', default: false },
  only: { type: 'string' },
  against: { type: 'string', multiple: true, default: [] as string[] },
  peers: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '60' },
  quick: { type: 'boolean', default: false },
  to: { type: 'string' },
} as const;

/** Reads the command line. Fails with one line that says what is wrong. */
export function readOptions(args: string[], presetFolder: string): Options {
  const { values } = parseArgs({ args, options: definitions });
  const to = values.to ?? (values.quick ? undefined : presetFolder);
  return {
    help: values.help,
    only:
      values.only === undefined
        ? partNames.filter((name) => !partsOnDemand.includes(name))
        : readParts(values.only),
    against: values.against.map(readOther),
    peers: values.peers,
    minutes: readMinutes(values.minutes),
    quick: values.quick,
    ...(to !== undefined && { to }),
  };
}

function readParts(text: string): PartName[] {
  const wanted = text.split(',');
  const unknown = wanted.find((name) => !(partNames as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: there is no such part; there are ${partNames.join(', ')}.`);
  return partNames.filter((name) => wanted.includes(name));
}

function readOther(text: string): Other {
  const [, name, gateway, pid] = /^([^=]+)=(https?:\/\/[^=]+?)\/?(?:=(\d+))?$/.exec(text) ?? [];
  if (name === undefined || gateway === undefined || !URL.canParse(gateway)) {
    throw new Error(
      `--against ${text}: must be NAME=URL or NAME=URL=PID, as in before=http://localhost:8080.`,
    );
  }
  return { name, gateway, ...(pid !== undefined && { pid: Number(pid) }) };
}

function readMinutes(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && Number.isFinite(minutes)) return minutes;
  throw new Error(`--minutes ${text}: must be a number above 0.`);
}
