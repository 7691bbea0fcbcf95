import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { keepTrying } from '../streams/pause.ts';
import { untraced } from '../tracing.ts';

/** How often figures are taken, in milliseconds, and how many are kept: those of the last fifteen minutes. */
export const historyInterval = 3000;
const maxPoints = 300;

/** Figures of one moment, in milliseconds since 1970. */
interface Point {
  time: number;
}

export interface KeptHistory<P extends Point> {
  /** Returns what was taken after a moment, oldest first. */
  since(time: number): P[];
  stop(): void;
}

interface HistoryOptions<P extends Point> {
  /** Resolves to the figures of now. If it fails there is no point, and it is asked again after a pause. */
  take(): Promise<P>;
  /** what the log calls it */
  name: string;
  log: Logger;
}

/**
 * Takes figures every three seconds until it is stopped, and keeps those of the last fifteen minutes. They are gone with
 * the process: Prometheus is who remembers for long.
 */
export function keepHistory<P extends Point>({ take, name, log }: HistoryOptions<P>): KeptHistory<P> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const points: P[] = [];

  async function takeAgainAndAgain(worked: () => void): Promise<never> {
    for (;;) {
      points.push(await take());
      if (points.length > maxPoints) points.shift();
      worked();
      await delay(historyInterval, undefined, { signal });
    }
  }

  // It fails only when it is stopped.
  untraced(() => keepTrying(takeAgainAndAgain, { log, signal, names: { history: name } })).catch(
    () => undefined,
  );
  return {
    since: (time) => points.filter((point) => point.time > time),
    stop: () => stopping.abort(),
  };
}
