import type { LogLine } from './log-line.ts';

// A line of a log as a person reads it. It is made for every request, so it costs little.

/** What one line of the services and the gateway tells of each request. */
interface RequestLine extends LogLine {
  method: string;
  url: string;
  status: number;
  requestId: string;
  /** How long it took: `ms` of a service, `seconds` of the gateway. */
  ms?: number;
  seconds?: number;
  /** The code of the problem that it was answered with, if it was. */
  code?: string;
}

interface Look {
  coloured: boolean;
  /** How wide the terminal is now; undefined if lines may be as long as they are. */
  columns(): number | undefined;
}

const nameWidth = 12;
/** How much of a line stands before the path, and between the path and the code. */
const beforePath = 34;
const afterPath = 17;
/** A path with an id and a little more; a longer one moves what follows it. */
const pathWidths = { least: 24, most: 50 };

const colours = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
/** Of the parts, in the order in which they are first heard of. */
const partColours = [36, 35, 34, 33, 32];

/** Returns what formats the lines of parts, each in the colour of its part, requests in columns. */
export function formatter({ coloured, columns }: Look): (part: string, line: LogLine) => string {
  const paint = (colour: number, text: string) => (coloured ? `\x1b[${colour}m${text}\x1b[0m` : text);
  const clock = cachedClock();
  const names = new Map<string, string>();

  function nameOf(part: string): string {
    const known = names.get(part);
    if (known !== undefined) return known;
    const painted = paint(partColours[names.size % partColours.length] as number, part.padEnd(nameWidth));
    names.set(part, painted);
    return painted;
  }

  function request({ method, url, status, requestId, code, ms, seconds = 0 }: RequestLine): string {
    const width = columns() ?? Number.POSITIVE_INFINITY;
    const pathWidth = Math.min(pathWidths.most, Math.max(pathWidths.least, width - beforePath - afterPath));
    const path = printable(url).padEnd(pathWidth);
    const took = (ms ?? seconds * 1000).toFixed(1).padStart(8);
    const refusal = code ? `${code} ` : '';
    const left = Math.max(0, width - beforePath - path.length - afterPath - refusal.length);
    const end = `${took} ms  ${refusal}${paint(colours.dim, requestId.slice(0, left))}`;
    return `${method.padEnd(7)} ${path} ${paint(statusColour(status), String(status))}${end}`;
  }

  function message({ level, time, name, msg = '', err, ...fields }: LogLine): string {
    const mark =
      level >= 50 ? paint(colours.red, 'ERROR   ') : level >= 40 ? paint(colours.yellow, 'WARN    ') : '';
    const told = Object.entries(fields).map(([field, value]) => ` ${field}=${textOf(value)}`);
    const stack = err?.stack ? `\n${printable(err.stack).replaceAll(/^/gm, '    ')}` : '';
    const details = told.length > 0 ? ` ${paint(colours.dim, printable(told.join('')))}` : '';
    return `${mark}${printable(msg)}${details}${stack}`;
  }

  return (part, line) => {
    const text = line.msg === 'request' ? request(line as RequestLine) : message(line);
    return `${paint(colours.dim, clock(line.time))} ${nameOf(part)} ${text}`;
  };
}

/** Without what would tell a terminal to do something. */
const printable = (text: string): string => text.replaceAll(/[^\P{Cc}\n]/gu, '\uFFFD');

const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

function statusColour(status: number): number {
  if (status >= 500 || status === 0) return colours.red;
  if (status >= 400) return colours.yellow;
  return status >= 300 ? colours.cyan : colours.green;
}

/** Returns what tells the time of day; most of it is that of the line before. */
function cachedClock(): (time: number) => string {
  let second = Number.NaN;
  let told = '';
  return (time) => {
    const now = Math.floor(time / 1000);
    if (now !== second) {
      second = now;
      told = new Date(time).toTimeString().slice(0, 8);
    }
    return `${told}.${String(time % 1000).padStart(3, '0')}`;
  };
}
