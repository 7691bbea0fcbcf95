import { type Browser, chromium } from 'playwright-core';
import { locate } from './install.ts';

/** Starts the machine's Chromium, without a window; whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = locate('chromium');
  if (!executablePath) throw new Error('no Chromium here; run: node test/stack/install.ts chromium');
  // The sandbox cannot be had as root, and small containers have little shared memory.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
