import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { locate } from './install.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Starts the machine's Chromium, without a window; whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = locate('chromium');
  if (!executablePath) throw new Error('no Chromium here; run: node test/stack/install.ts chromium');
  // The sandbox cannot be had as root, and small containers have little shared memory.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What axe finds that keeps people from using a page: each rule with the elements that break it. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, 'utf8'));
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[];
  };
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
