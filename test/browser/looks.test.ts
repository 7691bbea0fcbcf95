import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import type { Page } from 'playwright-core';
import { axeFindings } from '../stack/browser.ts';
import { root } from '../stack/parts.ts';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { type Consoles, withConsole } from './world.ts';

// How the console looks: to people with any eyes and none, in light and dark, and on a phone. With SCREENSHOTS=1 the
// pictures of the README files are taken anew.

const require = createRequire(import.meta.url);
const screenshots = join(import.meta.dirname, 'screenshots');

/** Gives every panel something to show, and opens an event. */
async function fill({ page, redis, user, task, gateway }: Consoles): Promise<void> {
  await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed', subject: 'x' }));
  for (let n = 0; n < 24; n++) {
    const { id } = await user({ name: ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov'][n % 3] });
    const made = await task(id, { title: ['Buy milk', 'Write the report', 'Call the plumber'][n % 3] });
    if (n % 2) await gateway.put(`/tasks/tasks/${made.id}`, { status: 'completed' });
    if (n % 5 === 4) await gateway.delete(`/users/users/${id}`);
  }
  await page.keyboard.press('t');
  await page.locator('#try-delete:enabled').waitFor();
  await page.locator('#dead-letters li').waitFor();
  await page.getByRole('button', { name: 'Verify tasks' }).click();
  await page.locator('#replays .state[data-state=done]').waitFor();
  await openEvent(page);
  await until('figures show', async () =>
    /[1-9]/.test((await page.locator('#streams dd').nth(1).textContent()) ?? ''),
  );
}

async function openEvent(page: Page): Promise<void> {
  await page.locator('.event[data-kind=updated]').first().click();
  await page.locator('.life li').first().waitFor();
}

const widthOf = (page: Page) => page.evaluate('document.documentElement.scrollWidth');

/** A picture of the whole page; taking it in pieces would leave parts of lists blank. */
async function takePicture(page: Page, name: string, width: number): Promise<void> {
  if (!process.env.SCREENSHOTS) return;
  const height = Number(await page.evaluate('document.body.scrollHeight'));
  await page.setViewportSize({ width, height });
  await until('the list is drawn', async () =>
    page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))',
    ),
  );
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

test('axe finds nothing in light and dark, nor on a phone, where nothing is wider than the screen', async (t) => {
  await withConsole(t, async (world) => {
    const { page, open } = world;
    await fill(world);
    t.deepEqual(await axeFindings(page), []);
    await takePicture(page, 'light', 1280);
    await page.keyboard.press('?');
    t.deepEqual(await axeFindings(page), []);
    await page.keyboard.press('Escape');
    await page.emulateMedia({ colorScheme: 'dark' });
    t.deepEqual(await axeFindings(page), []);
    await takePicture(page, 'dark', 1280);
    for (const theme of ['light', 'dark']) {
      await page.keyboard.press('d');
      await page.locator(`#theme:has-text("Theme: ${theme}")`).waitFor();
      t.is(await page.evaluate('getComputedStyle(document.documentElement).colorScheme'), theme);
    }
    const phone = await open({ viewport: { width: 360, height: 740 } });
    await openEvent(phone);
    t.is(await widthOf(phone), 360);
    t.deepEqual(await axeFindings(phone), []);
  });
});

test('the chart library is the one that package.json names', (t) => {
  for (const file of ['uPlot.iife.min.js', 'uPlot.min.css']) {
    const vendored = readFileSync(join(root, 'nginx/console/vendor', file), 'utf8');
    t.is(vendored, readFileSync(require.resolve(`uplot/dist/${file}`), 'utf8'), file);
  }
  const { version } = JSON.parse(readFileSync(require.resolve('uplot/package.json'), 'utf8'));
  t.true(readFileSync(join(root, 'nginx/console/vendor/README.txt'), 'utf8').includes(`uPlot ${version} `));
});
