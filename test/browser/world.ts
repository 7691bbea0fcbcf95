import type { ExecutionContext } from 'ava';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { type Api, api, seed } from '../stack/api.ts';
import { launchBrowser } from '../stack/browser.ts';
import { openTestRedis } from '../stack/redis.ts';
import { type Stack, startStack } from '../stack/stack.ts';

/** A console in a browser, before a stack of its own. */
export interface World extends ReturnType<typeof seed> {
  stack: Stack;
  redis: ReturnType<typeof openTestRedis>;
  gateway: Api;
  page: Page;
  /** Opens another page of the console, which sees errors as the first does. */
  open(options: BrowserContextOptions): Promise<Page>;
}

/**
 * Gives a test a console. Fails where the page threw, logged an error, or was kept from something by its policy;
 * `expected` are errors that belong to the test.
 */
export async function withConsole(
  t: ExecutionContext,
  run: (world: World) => Promise<void>,
  expected: RegExp = /^$/,
): Promise<void> {
  const stack = await startStack({ env: { LOG_LEVEL: 'fatal' } });
  const redis = openTestRedis(stack);
  const browser = await launchBrowser();
  const errors: string[] = [];
  const open = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) errors.push(message.text());
    });
    await page.goto(stack.urls.operator.replace('127.0.0.1', 'localhost'));
    await page.locator('#status[data-state="live"]').waitFor();
    return page;
  };
  try {
    const gateway = api(stack.urls.gateway);
    await run({ stack, redis, gateway, ...seed(gateway), page: await open({}), open });
    t.deepEqual(
      errors.filter((error) => !expected.test(error)),
      [],
    );
  } finally {
    await browser.close();
    redis.disconnect();
    await stack.stop();
  }
}
