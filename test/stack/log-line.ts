/** A line of a log, whoever wrote it: what the services and the gateway write as JSON. */
export interface LogLine {
  level: number;
  /** When it was, in milliseconds since 1970. */
  time: number;
  name: string;
  msg?: string;
  err?: { stack?: string };
  [field: string]: unknown;
}

/** Reads a line of a part; undefined for one that is not worth a person's time. */
export const readLine = (part: string, line: string): LogLine | undefined =>
  readJson(line) ?? readPlain(part, line);

/** A line of JSON; undefined for another, and for one that a process wrote half when it was killed. */
function readJson(line: string): LogLine | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** What Redis marks as a warning and is none: how it and a cluster begin and end, and what it thinks of the machine. */
const calmOfRedis = new RegExp(
  `^(${[
    'oO0OoO0OoO0Oo|\\w+ version=|Configuration loaded|Reading config from stdin|Server initialized',
    'WARNING:? (Memory overcommit|The TCP backlog|You have Transparent Huge Pages)',
    'configEpoch set to|IP address for this node|Cluster state changed: ok|Diskless rdb transfer',
    'User requested shutdown|\\w+ is now ready to exit',
  ].join('|')})`,
);
/** What is told of it although it is no warning. */
const milestoneOfRedis = /^(Ready to accept connections|\w+ is now ready to exit)/;

/** What nginx says once more of a request that it tells of as it tells of each that it answers itself. */
const echoOfNginx = /^no live upstreams while connecting to upstream, client: /;

/**
 * A line of Redis ("1:M 22 Nov 2026 21:36:01.123 * Ready") or nginx ("2026/11/22 21:36:01 [warn] 1#1: …"), or of whatever
 * else. Of Redis nothing but warnings and milestones.
 */
function readPlain(part: string, line: string): LogLine | undefined {
  const log = { level: 30, time: Date.now(), name: part };
  const [, mark, said] = /^\d+:\S+ (?:\d+ \w+ \d+ [\d:.]+|\(\d+\)) ?([*#.-])? ?(.*)$/.exec(line) ?? [];
  if (said !== undefined) {
    const isWarning = mark === '#' && !calmOfRedis.test(said);
    if (isWarning) return { ...log, level: 40, msg: said };
    return milestoneOfRedis.test(said) ? { ...log, msg: said } : undefined;
  }
  const [, severity, text = line] = /^[\d/]+ [\d:]+ \[(\w+)\] [\d#]+: (?:\*\d+ )?(.*)$/.exec(line) ?? [];
  if (echoOfNginx.test(text)) return undefined;
  const level = severity === undefined ? 30 : severity === 'warn' ? 40 : 50;
  return { ...log, level, msg: text.replace(/, client: [^,]*, server: [^,]*|, host: "[^"]*"$/g, '') };
}
