import { prettyFactory } from 'pino-pretty';

const requestFields = ['method', 'url', 'status', 'ms', 'seconds', 'trace'];

const pretty = prettyFactory({
  colorize: process.stdout.isTTY,
  translateTime: 'SYS:HH:MM:ss.l',
  ignore: requestFields.join(','),
  singleLine: true,
  messageFormat: (log, key) => {
    if (log.msg !== 'request') return String(log[key] ?? '');
    const ms = log.ms ?? Math.round(Number(log.seconds) * 1000);
    return `${log.method} ${log.url} ${log.status} ${ms} ms`;
  },
});

/** Prints the lines of all parts in one readable form: the services' JSON as well as what Redis and nginx write. */
export const printer =
  (say: (line: string) => void) =>
  (part: string, line: string): void => {
    const json = line.startsWith('{') ? line : JSON.stringify(plain(part, line));
    say(pretty(json).trimEnd());
  };

/** A line of Redis ("1:M 22 Nov 2026 21:36:01.123 * Ready") or nginx ("2026/11/22 21:36:01 [warn] 1#1: …"). */
function plain(part: string, line: string) {
  const [, mark, text] =
    /^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ ([*#.-]) (.*)$/.exec(line) ??
    /^[\d/]+ [\d:]+ \[(\w+)\] (.*)$/.exec(line) ??
    [];
  const level = mark === '#' || mark === 'warn' ? 40 : mark === 'error' || mark === 'crit' ? 50 : 30;
  return { level, time: new Date().toISOString(), name: part, msg: text ?? line };
}
