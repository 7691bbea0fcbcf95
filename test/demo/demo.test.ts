import test from 'ava';
import { taskEvents, userEvents } from 'shared-events';
import { entriesOf, openTestRedis, untilKnown } from '../stack/redis.ts';
import { nodeStart, untilReady, withFolder } from '../stack/started.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import { letLapse } from './traffic.ts';

test('`npm run demo` soon has events of every type, of people with names, and ends in order', async (t) => {
  await withFolder(async (start, ports) => {
    const running = start(ports, [...nodeStart, '--demo', '--rate', '200']);
    await untilReady(running);
    t.regex(running.output(), /Demo +200 requests a second/);
    t.regex(running.output(), /Remove +rm -r \/\S+\/start-\w+\/, when it is stopped/);
    const redis = openTestRedis({ ports });
    const types = async ({ name }: { name: string }) =>
      new Set((await entriesOf(redis, name)).map(({ type }) => type));
    await until(
      'every type of event',
      async () =>
        userEvents.types.length === (await types(userEvents)).size &&
        taskEvents.types.length === (await types(taskEvents)).size,
      60_000,
    );
    const [created] = await entriesOf(redis, userEvents.name);
    t.regex(JSON.parse(created?.data ?? '').name, /^\S+ \S+$/);
    redis.disconnect();
    running.process.kill('SIGINT');
    t.is(await running.ended, 0);
    t.notRegex(running.output(), /internal_error|validation_failed/);
  });
});

test('a service that lapses comes back, again and again, until that is ended; tasks go on meanwhile', async (t) => {
  await withStack(async ({ stack, redis, gateway, user, task }) => {
    const { id } = await user();
    await untilKnown(redis);
    const said: string[] = [];
    const stopping = new AbortController();
    const { signal } = stopping;
    const times = { serves: 1000, away: 500 };
    const lapses = letLapse({ part: stack.users, ...times, say: (text) => said.push(text), signal });
    const lapsesIn = (lines: string[]) => lines.filter((line) => line.includes('is away')).length;
    const isReady = async () => (await gateway.get('/users/ready')).status === 200;
    for (let lapse = 1; lapse <= 2; lapse++) {
      await until('the user service is away', async () => lapsesIn(said) >= lapse && !(await isReady()));
      await task(id);
      await until('it is back', isReady, 60_000);
    }
    stopping.abort();
    await lapses;
    t.regex(said[0] ?? '', /the user-service is away for 0\.5 s/);
    t.regex(said[1] ?? '', /the user-service is back/);
  });
});
