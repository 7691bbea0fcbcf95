interface ProgressOptions {
  out: NodeJS.WriteStream;
  label: string;
  /** How many there are in all. */
  total: number;
}

/** How often a line is written if there is no terminal, in milliseconds. */
const lineInterval = 3000;
/** How often the bar is drawn on a terminal, in milliseconds. */
const drawInterval = 100;
const width = 30;

/**
 * Shows how far a long work is, its rate and the time left: a bar on a terminal, elsewhere a line every few seconds.
 */
export function progress({ out, label, total }: ProgressOptions) {
  const start = performance.now();
  let done = 0;
  let shownAt = start;
  let addedAt = start;

  function show(): void {
    const seconds = (performance.now() - start) / 1000;
    const rate = done / seconds;
    const left = Math.max(0, Math.ceil((total - done) / rate));
    const figures = `${done} of ${total} entries, ${Math.round(rate)}/s, ${left} s left`;
    if (!out.isTTY) {
      out.write(`${label}: ${figures}\n`);
      return;
    }
    const filled = Math.min(width, Math.round((done / Math.max(total, 1)) * width));
    out.write(`\r\x1b[K${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${figures}`);
  }

  return {
    add(count: number): void {
      done += count;
      const now = performance.now();
      addedAt = now;
      if (now - shownAt < (out.isTTY ? drawInterval : lineInterval)) return;
      shownAt = now;
      show();
    },
    /** Ends the bar. Returns how many were done, the seconds until the last of them, and the seconds in all. */
    end(): { done: number; seconds: number; inAll: number } {
      if (out.isTTY) out.write('\r\x1b[K');
      return { done, seconds: (addedAt - start) / 1000, inAll: (performance.now() - start) / 1000 };
    },
  };
}
