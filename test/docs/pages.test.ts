import test from 'ava';
import type { Browser, Page } from 'playwright-core';
import { taskEvents, userEvents } from 'shared-events';
import { documents } from '../../nginx/docs/files.ts';
import { axeFindings, launchBrowser } from '../stack/browser.ts';
import { until } from '../stack/until.ts';
import { sharedStack } from '../stack/world.ts';

// The pages at /docs in a browser.

const shared = sharedStack(test, { env: { LOG_LEVEL: 'warn' } });

let browser: Browser;

test.before(async () => {
  browser = await launchBrowser();
});
test.after.always(() => browser?.close());

/** Opens a page, reads on until it has shown each of these lines, and gives everything that went wrong meanwhile. */
async function faultsUntilShown(path: string, lines: string[]): Promise<string[]> {
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(`error: ${message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${shared.stack.urls.gateway}/`) && !request.url().startsWith('data:'))
      faults.push(`another host: ${request.url()}`);
  });
  await page.goto(shared.stack.urls.gateway + path);
  const missing = new Set(lines);
  await until(
    `${path} shows all of ${lines.join(', ')}`,
    async () => {
      for (const line of await linesOf(page)) missing.delete(line);
      // What is far below is shown only when one comes there.
      await page.mouse.wheel(0, 500);
      return missing.size === 0;
    },
    90_000,
  );
  await page.waitForLoadState('networkidle');
  await page.close();
  return faults;
}

const linesOf = async (page: Page): Promise<string[]> => (await page.locator('body').innerText()).split('\n');

test('/docs shows every route, without an error and without a word to another host', async (t) => {
  const { paths } = documents['openapi.json']() as unknown as { paths: Record<string, object> };
  t.deepEqual(await faultsUntilShown('/docs', Object.keys(paths)), []);
});

test('/docs/events shows every event, without an error and without a word to another host', async (t) => {
  const types = [...userEvents.types, ...taskEvents.types];
  t.deepEqual(await faultsUntilShown('/docs/events', types), []);
});

test('the navigation stays in view and leaves the menu in the window, and leads to the console and to the README', async (t) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${shared.stack.urls.gateway}/docs`);
  const menu = page.locator('.menu-content');
  await menu.waitFor();
  const bar = page.locator('nav.top');
  await page.mouse.move(640, 400);
  await until(
    'it has been scrolled',
    async () => {
      await page.mouse.wheel(0, 500);
      return ((await page.evaluate('scrollY')) as number) > 400;
    },
    30_000,
  );
  const [top, below] = [await bar.boundingBox(), await menu.boundingBox()];
  t.is(top?.y, 0);
  t.is(below?.y, top?.height);
  t.is((below?.y ?? 0) + (below?.height ?? 0), 800);

  const links = await bar.locator('a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  const console = `http://localhost:${shared.stack.ports.operator}/`;
  t.deepEqual(links, ['/docs', '/docs/events', '/docs/readme', console]);
  await page.goto(`${console}docs/events`);
  await page.getByRole('link', { name: 'Console' }).click();
  await page.locator('h1:has-text("Task manager console")').waitFor();
  await page.getByRole('link', { name: 'README' }).click();
  await page.locator('main.readme h1:has-text("Task manager")').waitFor();
  t.is(page.url(), `${console}docs/readme`);
  await page.close();
});

test('a README is a page: a link leads to a part of another one, axe finds nothing, and a phone is wide enough', async (t) => {
  const page = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
  await page.goto(`${shared.stack.urls.gateway}/docs/readme`);
  await page.getByRole('link', { name: 'Redis Cluster' }).first().click();
  await page.locator('h2#redis-cluster').waitFor();
  await until('it stands below the bar', async () => {
    const place = await page.locator('h2#redis-cluster').boundingBox();
    return place !== null && place.y >= 48 && place.y < 400;
  });
  t.true(page.url().endsWith('/docs/readme/shared-events-redis#redis-cluster'));
  t.true(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
  t.deepEqual(await axeFindings(page), []);
  await page.close();
});
