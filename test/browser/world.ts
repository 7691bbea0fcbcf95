import test, { type ExecutionContext } from 'ava';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../stack/browser.ts';
import type { StackOptions } from '../stack/stack.ts';
import { type World, withStack } from '../stack/world.ts';

/** One for all tests of a file, in which each has contexts of its own; it takes longer to start than they take to work. */
let browser: Promise<Browser> | undefined;
test.after.always(async () => (await browser)?.close());

/** What a page says of an answer that it had not got because a busy machine held up a service or Redis; and how often. */
const late = /status of 50[34]/;
const mostLate = 10;

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
    browser ??= launchBrowser();
    const { newContext, close } = contextsIn(await browser);
    const errors: string[] = [];
    const open = async (options: BrowserContextOptions): Promise<Page> => {
      const context = await newContext({ viewport: { width: 1280, height: 900 }, ...options });
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
      const { true: heldUp = [], false: others = [] } = Object.groupBy(
        errors.filter((error) => !expected.test(error)),
        (error) => `${late.test(error)}`,
      );
      t.deepEqual(others, []);
      t.true(heldUp.length <= mostLate, heldUp.join('\n'));
    } finally {
      await close();
    }
  }, options);

/** What opens contexts in a browser, and closes all that it opened. */
function contextsIn(browser: Browser) {
  const open: BrowserContext[] = [];
  return {
    async newContext(options: BrowserContextOptions): Promise<BrowserContext> {
      const context = await browser.newContext(options);
      open.push(context);
      return context;
    },
    close: () => Promise.all(open.map((context) => context.close())),
  };
}
