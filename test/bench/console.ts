import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../stack/browser.ts';
import { openTestRedis } from '../stack/redis.ts';
import type { Bench } from './bench.ts';
import { startMixedLoad } from './mixed-load.ts';

export interface ConsoleResult {
  seconds: number;
  /** answers a second meanwhile */
  rate: number;
  /** events a second meanwhile */
  events: number;
  /** frames a second */
  frames: number;
  /** what the browser calls long tasks: how many milliseconds each kept the page from answering its reader */
  longTasks: number[];
}

/** What the page counts while it is watched. */
interface Watched {
  frames: number;
  longTasks: number[];
}

const watching = `
  window.watched = { frames: 0, longTasks: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.watched.longTasks.push(duration);
  }).observe({ entryTypes: ['longtask'] });
  (function frame() { window.watched.frames += 1; requestAnimationFrame(frame); })();
`;

/** How smooth the console stays in a browser on this machine while requests of all kinds come in. */
export async function measureConsole({ settings, signal, stacks }: Bench): Promise<ConsoleResult> {
  const { seconds, requests } = settings.console;
  const stack = await stacks.start();
  const redis = openTestRedis(stack);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(stack.urls.operator);
    await page.locator('#status[data-state="live"]').waitFor();
    const load = startMixedLoad(stack.urls.gateway, requests);
    const watched = await watch(page, redis, seconds, signal);
    const { rate } = await load.stop();
    return { seconds, rate, ...watched };
  } finally {
    await browser.close();
    redis.disconnect();
    await stacks.stop(stack);
  }
}

async function watch(page: Page, redis: Redis, seconds: number, signal: AbortSignal) {
  const written = async () => (await redis.xlen('user-events:{0}')) + (await redis.xlen('task-events:{0}'));
  await page.evaluate(watching);
  const [start, before] = [performance.now(), await written()];
  await delay(seconds * 1000, undefined, { signal });
  const { frames, longTasks } = (await page.evaluate('window.watched')) as Watched;
  const passed = (performance.now() - start) / 1000;
  return { events: ((await written()) - before) / passed, frames: frames / passed, longTasks };
}
