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
/** A path is cut to no less than this, and at most has an id and a little more. */
const pathWidths = { least: 16, most: 50 };
/** Of each kind of line: how wide the time of day, the method and the duration are, and how many digits follow its point. */
const wide = { clock: 12, method: 7, took: 8, digits: 1 };
const narrow = { clock: 8, method: 6, took: 5, digits: 0 };
/** A terminal of fewer columns has narrow lines. */
const wideFrom = 120;
/** What a line has room for behind its columns: the code of a refusal. */
const codeWidth = 14;
/** The least of a request's id that is worth showing. */
const leastId = 8;

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

  /** Columns that fit the terminal: in a narrow one ids in paths are shortened, and the id of the request is left out. */
  function request({ method, url, status, requestId, code, ms, seconds = 0 }: RequestLine): string {
    const width = columns() ?? Number.POSITIVE_INFINITY;
    const { clock, ...look } = lookFor(width);
    const besides = clock + nameWidth + look.method + look.took + ' '.length * 4 + '200 ms  '.length;
    const pathWidth = Math.min(pathWidths.most, Math.max(pathWidths.least, width - besides - codeWidth));
    const path = width === Number.POSITIVE_INFINITY ? printable(url) : fitPath(printable(url), pathWidth);
    const took = (ms ?? seconds * 1000).toFixed(look.digits).padStart(look.took);
    const refusal = code ? `${cut(code, width - besides - pathWidth)} ` : '';
    const left = width - besides - Math.max(path.length, pathWidth) - refusal.length;
    const id = left < leastId ? '' : paint(colours.dim, requestId.slice(0, left));
    const start = `${method.padEnd(look.method)} ${path.padEnd(pathWidth)} `;
    return `${start}${paint(statusColour(status), String(status))}${took} ms  ${refusal}${id}`.trimEnd();
  }

  /** A message that is no warning is cut at the end of the terminal's line. */
  function message({ level, time, name, msg = '', err, ...fields }: LogLine): string {
    const mark =
      level >= 50 ? paint(colours.red, 'ERROR   ') : level >= 40 ? paint(colours.yellow, 'WARN    ') : '';
    const told = Object.entries(fields).map(([field, value]) => ` ${field}=${textOf(value)}`);
    const stack = err?.stack ? `\n${printable(err.stack).replaceAll(/^/gm, '    ')}` : '';
    const width = level < 40 ? (columns() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    const left = width - lookFor(width).clock - nameWidth - 3 - msg.length;
    const details = told.length > 0 ? ` ${paint(colours.dim, cut(printable(told.join('')), left))}` : '';
    return `${mark}${printable(msg)}${details}${stack}`;
  }

  return (part, line) => {
    const text = line.msg === 'request' ? request(line as RequestLine) : message(line);
    const time = clock(line.time).slice(0, lookFor(columns()).clock);
    return `${paint(colours.dim, time)} ${nameOf(part)} ${text}`;
  };
}

const lookFor = (columns = wideFrom) => (columns < wideFrom ? narrow : wide);

/** A text that ends in an ellipsis if it is longer than it may be. */
const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;

/** A path as long as it may be: of its ids the ends are kept, in which they differ. */
const fitPath = (path: string, most: number): string =>
  path.length <= most
    ? path
    : cut(path.replaceAll(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{5}([\da-f]{7})/g, '…$1'), most);

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
