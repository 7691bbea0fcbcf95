import { formatter } from './format.ts';
import { readLine } from './log-line.ts';

/** How long a line waits for older ones, in milliseconds: somewhat longer than the parts gather theirs. */
const patience = 300;
/** The most lines that wait. */
const maxHeld = 5000;
/** A text is said again after so many lines, and so many milliseconds. */
const outOfSight = { lines: 200, time: 60_000 };

/** Prints what the parts write, in the order of time, many lines at once. */
export interface Printer {
  /** Takes a line of a part. */
  onLine(part: string, line: string): void;
  /** Prints a text after all that was taken so far. */
  say(text: string): void;
  /** Prints all that was taken so far. */
  flush(): void;
  /** Says a text again whenever it has scrolled away: after 200 lines, and a minute. */
  keepInSight(text: string): void;
}

/** Whoever uses it prints nothing else to `output`. What it holds when the process ends is printed then. */
export function printer(output: NodeJS.WriteStream): Printer {
  const coloured = output.isTTY && output.hasColors();
  const format = formatter({ coloured, columns: () => output.columns });
  let held: { time: number; text: string }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let reminder: string | undefined;
  let lines = 0;
  let reminded = 0;

  /** Prints what is older than a moment. */
  function printUntil(time: number): void {
    clearTimeout(timer);
    timer = undefined;
    held.sort((one, other) => one.time - other.time);
    const ready = held.filter((line) => line.time <= time);
    held = held.slice(ready.length);
    if (held.length > 0) wait();
    if (ready.length === 0) return;
    output.write(`${ready.map(({ text }) => text).join('\n')}\n`);
    lines += ready.length;
    remind();
  }

  function wait(): void {
    timer ??= setTimeout(() => printUntil(Date.now() - patience), patience);
  }

  function remind(): void {
    if (reminder === undefined || lines < outOfSight.lines) return;
    if (performance.now() - reminded < outOfSight.time) return;
    output.write(`${reminder}\n`);
    lines = 0;
    reminded = performance.now();
  }

  const flush = () => printUntil(Number.POSITIVE_INFINITY);
  process.on('exit', flush);

  return {
    onLine(part, line) {
      const read = readLine(part, line);
      if (read === undefined) return;
      held.push({ time: read.time, text: format(part, read) });
      if (held.length >= maxHeld) flush();
      else wait();
    },
    flush,
    say(text) {
      flush();
      output.write(`${text}\n`);
    },
    keepInSight(text) {
      reminder = text;
      reminded = performance.now();
      lines = 0;
    },
  };
}
