import test from 'ava';
import type { Page } from 'playwright-core';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withConsole } from './world.ts';

// What the console shows of one event, and the addresses and searches that lead there.

const title = (page: Page) => page.locator('#detail-title');
const lead = (page: Page) => page.locator('#detail-lead');

/** Goes to an address within the page. */
const go = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

test('a row says what changed, and the newest event shows until one is chosen', async (t) => {
  await withConsole(t, async ({ page, gateway, user, task }) => {
    const ada = await user({ name: 'Ada' });
    const milk = await task(ada.id, { title: 'Buy milk' });
    await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed', title: 'Buy oat milk' });
    const row = page.locator('.event[data-kind=updated]');
    await row.waitFor();
    t.deepEqual(await row.locator('.change').allTextContents(), [
      'title Buy milk → Buy oat milk',
      'status pending → completed',
    ]);
    await lead(page).locator('b:has-text("task.updated")').waitFor();
    t.is(await title(page).textContent(), 'The newest event');

    // Not by the name: the end of an id may have the letters of Ada.
    await page.locator('.event:has-text("user.created")').click();
    await lead(page).locator('b:has-text("user.created")').waitFor();
    await page.mouse.move(0, 0);
    await task(ada.id, { title: 'Call' });
    await page.locator('.event:has-text("Call")').waitFor();
    t.is(await title(page).textContent(), 'One event');
    t.regex((await lead(page).textContent()) ?? '', new RegExp(ada.id));
    await page.keyboard.press('Escape');
    await page.locator('#detail-title:has-text("The newest event")').waitFor();
    await lead(page).locator('b:has-text("task.created")').waitFor();
    t.is(await page.evaluate('location.hash'), '');
  });
});

test('no row moves while the mouse or the keys are at one, and then the list goes on', async (t) => {
  await withConsole(t, async ({ page, user }) => {
    for (const name of ['Ada', 'Grace', 'Barbara']) await user({ name });
    await page.locator('.event:has-text("Barbara")').waitFor();
    await page.locator('.event .what:text-is("Grace")').hover();
    for (let n = 1; n <= 20; n++) await user({ name: `number ${n}` });
    await page.locator('#events-pause:has-text("Pause · 20 new")').waitFor();
    await page.mouse.down();
    await page.mouse.up();
    await page.locator('#detail-title:has-text("One event")').waitFor();
    t.like(JSON.parse((await page.locator('.json pre').textContent()) ?? ''), { data: { name: 'Grace' } });
    await page.mouse.move(0, 0);
    await page.locator('.event .what:text-is("number 20")').waitFor();

    await page.keyboard.press('j');
    await user({ name: 'Joan' });
    await page.locator('#events-pause:has-text("Pause · 1 new")').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.event:has-text("Joan")').waitFor();
  });
});

test('the chosen step of a long life is in sight when its event is opened', async (t) => {
  await withConsole(t, async ({ page, gateway, user, task }) => {
    const milk = await task((await user()).id);
    for (let n = 1; n <= 20; n++) await gateway.put(`/tasks/tasks/${milk.id}`, { title: `number ${n}` });
    await page.locator('.event:has-text("number 20")').first().click();
    await until('all steps show', async () => (await page.locator('.life li').count()) === 21);
    const step = await page.locator('.life [aria-current]').boundingBox();
    const list = await page.locator('.life ol').boundingBox();
    t.true(step && list && step.y >= list.y - 1 && step.y + step.height <= list.y + list.height + 1);
    t.is(await page.evaluate('scrollY'), 0);
  });
});

test('an event, a subject and a dead letter have addresses, and ids are links', async (t) => {
  await withConsole(t, async ({ page, redis, user, task }) => {
    const ada = await user({ name: 'Ada' });
    const milk = await task(ada.id, { title: 'Buy milk' });
    await page.locator('.event:has-text("Buy milk")').click();
    const address = String(await page.evaluate('location.href'));
    t.regex(address, /#\/events\/task-events\/0\/\d+-\d+$/);
    await page.goto('about:blank');
    await page.goto(address);
    await lead(page).locator(`:text("${milk.id}")`).waitFor();
    await page.locator('.event[aria-current]:has-text("Buy milk")').waitFor();

    await page.locator(`.json a:has-text("${ada.id}")`).click();
    await lead(page).locator('b:has-text("user.created")').waitFor();
    t.is(await page.evaluate('location.hash'), `#/subjects/${ada.id}`);
    await page.goBack();
    await lead(page).locator('b:has-text("task.created")').waitFor();

    await go(page, '#/events/user-events/0/1-0');
    await page.locator('#detail:has-text("There is no event 1-0 in /user-events/0")').waitFor();
    await go(page, '#/subjects/01890000-0000-7000-8000-000000000000');
    await page.locator('#detail:has-text("The streams have no event of")').waitFor();

    const dead = 'user-events:{0}:dead:cascade';
    await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed', subject: 'x' }));
    const [id] = await until('there is a dead letter', async () => (await redis.xrange(dead, '-', '+'))[0]);
    await go(page, `#/dead-letters/${encodeURIComponent('user-events:{0}')}/cascade/${id}`);
    await page.locator('#dead-letters > li:focus:has-text("unknown_type")').waitFor();
    t.pass();
  });
});

test('a full id in the search is looked for in the streams, whatever the page holds', async (t) => {
  await withConsole(t, async ({ page, redis, user, task }) => {
    const ada = await user({ name: 'Ada' });
    const [[entry = ''] = []] = await redis.xrange('user-events:{0}', '-', '+');
    const milk = await task(ada.id, { title: 'Buy milk' });
    // More than the page holds when it is opened.
    const pipeline = redis.pipeline();
    for (let n = 0; n < 500; n++) {
      const data = JSON.stringify({ name: `number ${n}`, email: 'ada@example.com' });
      pipeline.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.updated', subject: `x${n}`, data }));
    }
    await pipeline.exec();
    await page.reload();
    await page.locator('.event:has-text("number 499")').waitFor();
    const shown = () => page.locator('#events-list .what').allTextContents();
    const search = async (text: string, ...names: string[]) => {
      await page.locator('#events-search').fill(text);
      await until(`${text} finds ${names}`, async () => (await shown()).join() === names.join());
    };
    await search('Buy milk');
    await search(milk.id, 'Buy milk');
    await search(entry, 'Ada');
    await search('01890000-0000-7000-8000-000000000000');
    await page.locator('#events-none:has-text("No event in the streams has this id.")').waitFor();
    await search(ada.id, 'Ada');
    await page.keyboard.press('Enter');
    await lead(page).locator('b:has-text("user.created")').waitFor();
    t.pass();
  });
});

test('whoever goes back in time sees each event once, down to the first there is, and goes on from there', async (t) => {
  await withConsole(t, async ({ page, redis, user, open }) => {
    const ada = await user({ name: 'Ada' });
    const adding = redis.multi();
    for (let n = 0; n < 700; n++) {
      const data = JSON.stringify({ ...ada, name: `Ada ${n}` });
      adding.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.updated', subject: ada.id, data }));
    }
    await adding.exec();
    const [first] = (await redis.xrange('user-events:{0}', '-', '+', 'COUNT', 1)).map(([id]) => id);
    const later = await open({});
    await page.close();
    await later.locator('.event:has-text("Ada 699")').waitFor();
    const keys = () =>
      later.locator('.event').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-key') ?? ''));
    await later.getByRole('button', { name: 'Earlier' }).click();
    await later.locator('#events-pause[aria-pressed=true]').waitFor();
    await until(
      'the first is there',
      async () => {
        if ((await keys()).at(-1)?.endsWith(` ${first}`)) return true;
        await later.keyboard.press('e');
        return false;
      },
      60_000,
    );
    await user({ name: 'Grace' });
    await later.locator('#events-pause:has-text("1 new")').waitFor();
    const there = await keys();
    t.is(new Set(there).size, there.length);
    t.is(there.length, 701);
    await later.locator('#events-back:has-text("These are all events there are.")').waitFor();
    await later.locator('#events-type').selectOption('user.created');
    await until('one is of this type', async () => (await keys()).length === 1);
    t.true((await keys())[0]?.endsWith(` ${first}`));
    await later.locator('#events-type').selectOption('');

    await later.locator('#events-pause').click();
    await later.locator('.event:has-text("Grace")').waitFor();
    t.is((await keys()).length, 200);
  });
});
