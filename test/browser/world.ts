import type { ExecutionContext } from 'ava';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../stack/browser.ts';
import type { StackOptions } from '../stack/stack.ts';
import { type World, withStack } from '../stack/world.ts';

/** A console in a browser, before a stack of its own. */
export interface Consoles extends World {
  page: Page;
  /** Opens another page of the console, which sees errors as the first does. */
  open(options: BrowserContextOptions): Promise<Page>;
}

/**
 * Gives a test a console. Fails where the page threw, logged an error, or was kept from something by its policy;
 * `expected` are errors that belong to the test.
 */
export const withConsole = (
  t: ExecutionContext,
  run: (consoles: Consoles) => Promise<void>,
  expected: RegExp = /^$/,
  options: StackOptions = {},
): Promise<void> =>
  withStack(async (world) => {
    const browser = await launchBrowser();
    const errors: string[] = [];
    const open = async (options: BrowserContextOptions): Promise<Page> => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) errors.push(message.text());
      });
      await page.goto(world.stack.urls.operator.replace('127.0.0.1', 'localhost'));
      await page.locator('#status[data-state="live"]').waitFor();
      return page;
    };
    try {
      await run({ ...world, page: await open({}), open });
      t.deepEqual(
        errors.filter((error) => !expected.test(error)),
        [],
      );
    } finally {
      await browser.close();
    }
  }, options);
