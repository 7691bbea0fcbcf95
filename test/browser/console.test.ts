import test from 'ava';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withConsole } from './world.ts';

// The operators' console in a real browser, before a real stack. What needs the machine for itself comes first, alone.

/** What a page says while the gateway finds no service behind it. */
const away = /status of 50[234]|ERR_|Failed to load resource/;

test.serial(
  'an event shows within a second of its request, and one click shows it and the life of its subject',
  async (t) => {
    await withConsole(t, async ({ page, user, task, gateway }) => {
      const ada = await user({ name: '<img src=x onerror=alert(1)> Ada' });
      const milk = await task(ada.id);
      await until('an event shows within a second', async () => {
        const start = performance.now();
        const { id } = await task(ada.id);
        await page.locator(`.event:has-text("${id.slice(-12)}")`).waitFor();
        const passed = performance.now() - start;
        t.log(`shown ${Math.round(passed)} ms after the request was sent`);
        return passed < 1000;
      });
      await gateway.put(`/tasks/tasks/${milk.id}`, { status: 'completed' });
      await page.locator('.event[data-kind=updated]').click();
      const life = page.locator('.life li');
      await until('both steps show', async () => (await life.count()) === 2);
      t.regex((await life.nth(1).textContent()) ?? '', /task\.updated.*statuspending → completed/);
      t.like(JSON.parse((await page.locator('.json pre').textContent()) ?? ''), {
        ...{ specversion: '1.0', type: 'task.updated', subject: milk.id },
        data: { title: milk.title, status: 'completed' },
      });
      t.is(await page.locator('#events-list .what').last().textContent(), '<img src=x onerror=alert(1)> Ada');
      t.is(await page.locator('#events-list img').count(), 0);
    });
  },
);

test('a filter and a search let through what they name, and a pause holds events back', async (t) => {
  await withConsole(t, async ({ page, user, task }) => {
    const ada = await user({ name: 'Ada' });
    await user({ name: 'Grace' });
    await task(ada.id, { title: 'Buy milk' });
    const shown = () => page.locator('#events-list .what').allTextContents();
    const untilShown = (...names: string[]) =>
      until(`the list is ${names}`, async () => (await shown()).join() === names.join());
    await untilShown('Buy milk', 'Grace', 'Ada');
    await page.locator('#events-type').selectOption('user.created');
    await untilShown('Grace', 'Ada');
    await page.keyboard.press('/');
    await page.keyboard.type('grace');
    await untilShown('Grace');
    await page.locator('#events-search').fill('');
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await user({ name: 'Barbara' });
    await page.locator('#events-pause:has-text("Go on · 1 new")').waitFor();
    t.deepEqual(await shown(), ['Grace', 'Ada']);
    await page.keyboard.press('p');
    await untilShown('Barbara', 'Grace', 'Ada');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('.event[aria-current]:has-text("Grace")').waitFor();
  });
});

test('the console survives a restart of the service and of the gateway, and misses no event', async (t) => {
  await withConsole(
    t,
    async ({ page, stack, redis, user }) => {
      await user({ name: 'Before' });
      await page.locator('.event:has-text("Before")').waitFor();
      for (const part of [stack.tasks, stack.gateway]) {
        part.kill('SIGKILL');
        await part.stop();
        await page.locator('#status[data-state="waiting"]').waitFor({ timeout: 15_000 });
        await page.locator('#readers[data-stale]').waitFor();
        const data = JSON.stringify({ name: `Without the ${part.name}` });
        for (let n = 0; n < 50; n++) {
          await redis.xadd(
            'user-events:{0}',
            '*',
            ...entryFields({ type: 'user.updated', subject: 'x', data }),
          );
        }
        await part.start();
        await page.locator('#status[data-state="live"]').waitFor({ timeout: 20_000 });
        await until(
          'nothing is stale any more',
          async () => (await page.locator('[data-stale]').count()) === 0,
        );
        await until(
          'all 50 show, once',
          async () => (await page.locator(`.event:has-text("Without the ${part.name}")`).count()) === 50,
        );
      }
      t.is(await page.locator('.event:has-text("Before")').count(), 1);
    },
    away,
  );
});

test('a dead letter shows with its reason, is put back, and dropped once that is confirmed', async (t) => {
  await withConsole(t, async ({ page, redis }) => {
    const dead = 'user-events:{0}:dead:cascade';
    await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed', subject: 'x' }));
    await page.locator('#dead-letters li:has-text("unknown_type")').waitFor();
    const [before] = await redis.xrange(dead, '-', '+');
    const row = await page.locator('#dead-letters > li').elementHandle();
    await page.getByRole('button', { name: /^Put back/ }).click();
    await until('it is a dead letter anew', async () => {
      const [now] = await redis.xrange(dead, '-', '+');
      return now !== undefined && now[0] !== before?.[0];
    });
    await row?.waitForElementState('hidden');
    const drop = page.getByRole('button', { name: /^Drop …/ });
    await drop.click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    t.is(await redis.xlen(dead), 1);
    await drop.click();
    await page.getByRole('button', { name: 'Drop it' }).click();
    await page.locator('#dead-letters-none').waitFor();
    t.is(await redis.xlen(dead), 0);
  });
});

test('a verification tells what is not as the events say, and a replay puts it right once that is confirmed', async (t) => {
  await withConsole(t, async ({ page, redis, user, task }) => {
    const milk = await task((await user()).id);
    await redis.del(`task:{0}:${milk.id}`);
    const row = page.locator('#replays > li', { has: page.getByRole('button', { name: 'Verify tasks' }) });
    await page.getByRole('button', { name: 'Verify tasks' }).click();
    await row.locator('.state:has-text("1 not as the events say")').waitFor();
    t.regex((await row.locator('details').textContent()) ?? '', new RegExp(milk.id));
    await page.getByRole('button', { name: 'Replay tasks' }).click();
    await page.getByRole('button', { name: 'Leave it' }).click();
    t.is(await redis.exists(`task:{0}:${milk.id}`), 0);
    await page.getByRole('button', { name: 'Replay tasks' }).click();
    await page.getByRole('button', { name: 'Replay it' }).click();
    await row.locator('.state:has-text("replayed, 1 changed")').waitFor();
    await page.getByRole('button', { name: 'Verify users' }).click();
    await page
      .locator('#replays > li', { has: page.getByRole('button', { name: 'Verify users' }) })
      .locator('.state:has-text("as the events say")')
      .waitFor();
  });
});

test('“Try it” shows a change travel on one axis of time, and ends with its task opened', async (t) => {
  await withConsole(t, async ({ page }) => {
    const steps = page.locator('#try-steps li');
    const times = async () =>
      (await steps.locator('time').allTextContents()).map((text) => Number.parseFloat(text));
    const untilShown = () => page.locator('#try-delete:enabled').waitFor();
    // Noted by the page itself: who asks it may be held up until all is over.
    await page.evaluate(`
      new MutationObserver(() => {
        const isBegun = document.querySelector('#try-steps li[data-begun]') !== null;
        const isOver = document.querySelector('#try-steps time:empty') === null;
        window.wasUnderWay ||= isBegun && !isOver;
      }).observe(document.getElementById('try-steps'), { subtree: true, childList: true, attributes: true });
    `);
    await page.keyboard.press('t');
    await page.locator('#try-steps li[data-begun]').first().waitFor();
    await untilShown();
    t.true(await page.evaluate('window.wasUnderWay'), 'all steps were over at once');
    t.is(await page.locator('#flow > [data-reached]').count(), 4);
    const [user = 0, created = 0, known = 0, task = 0, written = 0] = await times();
    t.true(known >= created && task > known && written > known, String(await times()));
    t.true(Math.max(user, known) < task);
    const type = page.locator('#detail-lead b');
    t.is(await type.textContent(), 'task.created');
    t.regex(await page.evaluate('location.hash'), /^#\/events\/task-events\/0\/\d+-\d+$/);

    await page.keyboard.press('x');
    await page.locator('#detail-lead b:has-text("task.deleted")').waitFor();
    t.regex((await steps.last().textContent()) ?? '', /cascade has deleted the task/);
    await page.locator('#try-delete:disabled').waitFor();
    await until('the check is counted', async () =>
      /^1 locally/.test((await page.locator('#check-figures').textContent()) ?? ''),
    );
  });
});

test.serial('thousands of events leave the page small, and the last of them show', async (t) => {
  await withConsole(
    t,
    async ({ page, redis }) => {
      const events = 3000;
      const pipeline = redis.pipeline();
      for (let n = 1; n <= events; n++) {
        const data = JSON.stringify({ name: `number ${n}`, email: 'ada@example.com' });
        pipeline.xadd(
          'user-events:{0}',
          '*',
          ...entryFields({ type: 'user.updated', subject: `x${n}`, data }),
        );
      }
      await pipeline.exec();
      await page.locator(`.event:has-text("number ${events}")`).waitFor();
      t.deepEqual(
        await page.locator('#events-list .what').allTextContents(),
        Array.from({ length: 200 }, (_, at) => `number ${events - at}`),
      );
      // A machine that is busy with other tests may let a question of the page time out.
    },
    away,
  );
});
