import test from 'ava';
import { entryFields } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { withConsole } from './world.ts';

// The console's first screen: whether all is well, the last fifteen minutes, and where each change is on its way.

/** What a page says while a service does not answer. */
const away = /status of 50[234]|ERR_/;

test('the first screen says that all is well, or what is not with the way there, and so does the title of the tab', async (t) => {
  await withConsole(
    t,
    async ({ page, redis, stack }) => {
      const verdict = page.locator('#verdict');
      const good = () => page.locator('#verdict[data-state=good]:has-text("All is well.")').waitFor();
      await good();
      t.is(await page.title(), 'Task manager console');

      await redis.xadd('user-events:{0}', '*', ...entryFields({ type: 'user.renamed', subject: 'x' }));
      const link = verdict.locator('a:has-text("1 dead letter")');
      await link.waitFor();
      t.is(await page.title(), '▲ 1 dead letter · Task manager console');
      t.is(await page.locator('[data-figure=dead-letters][data-state=bad] strong').textContent(), '1');
      await link.click();
      t.is(await page.evaluate('location.hash'), '#dead-letters-panel');
      await page.getByRole('button', { name: /^Drop …/ }).click();
      await page.getByRole('button', { name: 'Drop it' }).click();
      await good();
      t.is(await page.title(), 'Task manager console');

      stack.users.kill('SIGKILL');
      await stack.users.stop();
      await verdict.locator('a:has-text("The service users:")').waitFor();
      await page.locator('#flow [data-place=users][data-waits]:has-text("away")').waitFor();
      await stack.users.start();
      await until('nobody is away any more', async () =>
        /ready/.test((await page.locator('#services .card:has-text("users")').textContent()) ?? ''),
      );
    },
    away,
  );
});

test('a page that knows nothing yet says so, and shows figures once the task service answers', async (t) => {
  await withConsole(
    t,
    async ({ page, stack }) => {
      await stack.tasks.stop();
      await page.reload();
      await page.locator('#events-none:has-text("Events cannot be read now.")').waitFor();
      await page.locator('[data-figure=requests] strong:text-matches("[0-9]")').waitFor();
      const figures = ['events', 'lag', 'dead-letters', 'nodes'];
      const figure = (name: string) => page.locator(`[data-figure=${name}] strong`);
      for (const name of figures) t.is(await figure(name).textContent(), '–', name);
      t.is(await page.locator('#verdict[data-state=good]').count(), 0);

      await stack.tasks.start();
      await page.locator('#events-none:has-text("No event yet.")').waitFor();
      for (const name of figures)
        await until(name, async () => /\d/.test((await figure(name).textContent()) ?? ''));
    },
    away,
  );
});

test('a page just opened has the figures of the minutes before it', async (t) => {
  await withConsole(t, async ({ page, open, user, task }) => {
    const ada = await user();
    for (let n = 0; n < 9; n++) await task(ada.id);
    const drawn = page.locator('[data-figure=events] path.curve');
    const peaks = (path: string | null) => new Set(path?.match(/ [\d.]+/g)).size;
    await until('the ten events show', async () => peaks(await drawn.getAttribute('d')) > 1);
    const path = (await drawn.getAttribute('d')) ?? '';
    const { length } = path;
    t.true(
      Number(/M([\d.]+)/.exec(path)?.[1]) < 295,
      'of 300: the axis begins soon before the first figures',
    );
    const later = await open({});
    await until('they show in a page opened later', async () => {
      const shown = await later.locator('[data-figure=events] path.curve').getAttribute('d');
      return peaks(shown) > 1 && (shown?.length ?? 0) >= length;
    });
    await later.locator('[data-figure=nodes] .unit:has-text("1 partition")').waitFor();
    t.is(await later.locator('[data-figure=nodes] strong').textContent(), '1 node');
    t.deepEqual(await later.locator('#nodes-map .partitions li').allTextContents(), ['0']);
    await until('each card has its plot', async () => (await later.locator('.card canvas').count()) === 6);
    await later.locator('#streams .card:has-text("user-events") dd a').click();
    await later.locator('#detail-lead b:has-text("user.created")').waitFor();
    await later.locator('#readers .card:has-text("known-users") dd a').click();
    await later.locator('#detail-lead b:has-text("user.created")').waitFor();
    const consumers = await later.locator('#readers .card:has-text("cascade") ul li').allTextContents();
    t.is(consumers.length, 1);
    t.regex(String(consumers), /^\S+: 1 partition, 0 pending, asked \S+ m?s ago$/);
    t.regex(await later.evaluate('location.hash'), /^#\/events\/user-events\/0\/\d+-\d+$/);
  });
});

test('the picture shows the places there are, and a reader for which entries wait', async (t) => {
  await withConsole(t, async ({ page, redis, user }) => {
    await user();
    for (const place of ['users', 'tasks', 'user-events', 'task-events', 'known-users', 'cascade']) {
      await page.locator(`#flow [data-place="${place}"]`).waitFor();
    }
    await redis.xgroup('CREATE', 'user-events:{0}', 'sleeper', '0');
    await page.locator('#flow [data-place=sleeper][data-waits]:has-text("1 wait")').waitFor();
    // Where nothing has waited for long yet, all is well all the same.
    t.regex((await page.locator('#flow [data-place=cascade]').textContent()) ?? '', /up to date/);
    // A copy is looked at: to be read again and again, the page's own would have to be made for it.
    const isPainted = () =>
      page.evaluate<boolean>(`
        const canvas = document.getElementById('flow-canvas');
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        copy.getImageData(0, 0, width, height).data.some((value) => value !== 0)
      `);
    t.true(await until('the picture is painted', isPainted));
  });
});

// Alone: its nodes take each other for dead where they are kept waiting.
test.serial(
  'in a cluster the partitions of a node that dies show on another one, as it happens',
  async (t) => {
    await withConsole(
      t,
      async ({ page, stack }) => {
        await page.locator('[data-figure=nodes] .unit:has-text("6 partitions")').waitFor();
        t.is(await page.locator('#flow [data-step=write] .place').count(), 3);
        const nodes = page.locator('#nodes-map > li');
        t.is(await nodes.count(), 3);
        t.is(await nodes.locator('.partitions li').count(), 6);
        const place = (await nodes.first().locator('h3').textContent()) ?? '';
        const partitions = await nodes.first().locator('.partitions li').allTextContents();
        const at = stack.ports.cluster?.indexOf(Number(place.split(':')[1])) ?? -1;
        stack.nodes[at]?.kill('SIGKILL');
        await page
          .locator(`#nodes-moves li:has-text("${partitions.join(', ')} went from ${place} to")`)
          .waitFor({ timeout: 60_000 });
        await page.locator(`#flow [data-place="${place}"]`).waitFor({ state: 'detached' });
        t.is(await nodes.locator('.partitions li').count(), 6);
      },
      away,
      { cluster: {}, env: { PARTITIONS: '6' } },
    );
  },
);
