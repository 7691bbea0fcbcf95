import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import type { Redis } from 'ioredis';
import { newId } from 'shared-events';
import { credentials } from '../stack/accounts.ts';
import { type Api, api } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import type { Part } from '../stack/part.ts';
import { root, servicePart } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import { untilKnown } from '../stack/redis.ts';
import { until, untilTold } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';
import { addAccount } from './account.ts';

// A third service beside the two, as somebody would write it who only has the package; and a projection that somebody
// wrote who has Redis alone.

const folder = 'test/example/pin-service';

interface Readers {
  readers: { stream: string; kind: string; name: string; lag: { entries: number } }[];
}

/** Starts the pin service beside the others, and runs the test with a client of it. */
const withPins = (run: (world: World & { pins: Api; service: Part }) => Promise<void>) =>
  withStack(async (world) => {
    const { stack, redis } = world;
    const port = await freePort();
    await addAccount(redis, new URL('pin-service/users.acl', import.meta.url));
    const setting = { ports: stack.ports, supervised: false, onLine: () => undefined };
    const service = servicePart(folder, { PORT: String(port), LOG_LEVEL: 'fatal' }, setting);
    await service.start();
    try {
      await run({ ...world, service, pins: api(`http://127.0.0.1:${port}`) });
    } finally {
      await service.stop();
    }
  });

/** Runs a replay of the pin service as its own account. */
async function replayPins({ stack }: World, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, folder, 'src/main.ts'), 'replay', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...credentials('pin-service'), REDIS_PORT: String(stack.ports.redis) },
  });
  const [[status], stdout] = await Promise.all([once(child, 'close'), text(child.stdout)]);
  return { status, stdout };
}

/** Returns the lines of `npm run events -- lag` that tell of a reader, without its figures. */
async function lagOf({ stack }: World, name: string): Promise<string[]> {
  const { output } = await startCommand('events', stack, ['lag']).result;
  return output.split('\n').flatMap((line) => new RegExp(`^\\S+ +\\w+ ${name}\\b`).exec(line)?.[0] ?? []);
}

/** Resolves to the readers of that name, as the console shows them. */
async function readersCalled({ stack }: World, name: string) {
  const { readers } = (await api(stack.urls.operator).get('/readers')).json<Readers>();
  return readers.filter((reader) => reader.name === name);
}

/** Pins a task as soon as the service knows of it. */
const pinned = (pins: Api, userId: string, taskId: string) =>
  until('the task can be pinned', async () => {
    const answer = await pins.put(`/pins/${userId}`, { taskId });
    return answer.status === 200 && answer;
  });

test('a user pins an open task of theirs; the pin is shown while the task is open, and goes with the user', async (t) => {
  await withPins(async ({ pins, gateway, user, task, redis }) => {
    const { id } = await user();
    const [milk, bread] = [await task(id), await task(id, { title: 'Buy bread' })];
    const first = await pinned(pins, id, milk.id);
    const second = await pinned(pins, id, bread.id);
    t.is(second.json<{ taskId: string }>().taskId, bread.id);
    t.not(first.headers.get('ETag'), second.headers.get('ETag'));
    const read = await pins.get(`/pins/${id}`);
    t.is(read.text, second.text);
    t.is(read.headers.get('ETag'), second.headers.get('ETag'));

    t.is((await pins.put(`/pins/${id}`, {})).status, 422);
    t.is((await pins.put(`/pins/${id}`, { taskId: newId() })).json<{ code: string }>().code, 'task_not_open');
    await gateway.put(`/tasks/tasks/${bread.id}`, { status: 'completed' });
    await until(
      'the pin is not shown',
      async () => (await pins.get(`/pins/${id}`)).json<{ code: string }>().code === 'pin_not_found',
    );

    await pinned(pins, id, milk.id);
    await gateway.delete(`/users/users/${id}`);
    await until('the pin is gone', async () => (await redis.exists(`pin:{0}:${id}`)) === 0);
    const entries = await redis.xrange('pin-events:{0}', '-', '+');
    t.deepEqual(
      entries.map(([, fields]) => fields[1]),
      ['pin.updated', 'pin.updated', 'pin.updated', 'pin.deleted'],
    );
    t.deepEqual(await redis.acl('LOG'), [], 'the account has all the rights it needs');
  });
});

test('operators see its projection and its group as they see all others, and replay it', async (t) => {
  await withPins(async (world) => {
    const { pins, user, task, redis } = world;
    const { id } = await user();
    const { id: taskId } = await task(id);
    await pinned(pins, id, taskId);
    t.deepEqual(await lagOf(world, 'open-tasks'), ['task-events:{0}  projection open-tasks']);
    t.deepEqual(await lagOf(world, 'forget-pins'), ['user-events:{0}  group forget-pins']);
    t.like(await readersCalled(world, 'open-tasks'), [{ kind: 'projection', lag: { entries: 0 } }]);
    t.like(await readersCalled(world, 'forget-pins'), [{ kind: 'group' }]);
    t.regex((await pins.get('/metrics')).text, /stream_reader_lag_entries.*reader="open-tasks"\} 0/);

    t.is((await replayPins(world, 'open-tasks', '--verify')).status, 0);
    await redis.hset('open-tasks:{0}', taskId, 'nobody');
    const wrong = await replayPins(world, 'open-tasks', '--verify');
    t.is(wrong.status, 1);
    t.regex(wrong.stdout, new RegExp(`open-tasks ${taskId} is not what the events say`));
    t.regex((await replayPins(world, 'open-tasks')).stdout, /1 changed/);
    t.is(await redis.hget('open-tasks:{0}', taskId), id);
    t.deepEqual(await redis.acl('LOG'), [], 'the account has all the rights it needs');
  });
});

test('a compaction removes nothing that a third service has not passed', async (t) => {
  await withPins(async (world) => {
    const { service, pins, gateway, user, task } = world;
    const { id } = await user();
    const { id: taskId } = await task(id);
    await pinned(pins, id, taskId);
    service.freeze();
    for (const title of ['One', 'Two', 'Three']) await gateway.put(`/tasks/tasks/${taskId}`, { title });
    t.regex(await compacted(world, 'task-events'), /removed 0 superseded/);
    service.thaw();
    await until('it has passed them', async () =>
      (await readersCalled(world, 'open-tasks')).every(({ lag }) => lag.entries === 0),
    );
    await untilTold('the updates are removed', async () =>
      /removed 2 superseded/.test(await compacted(world, 'task-events')),
    );
  });
});

test('a projection in any language is seen and protected while its position stands beside the stream', async (t) => {
  await withStack(async (world) => {
    const { gateway, user, redis } = world;
    const { id } = await user({ name: 'Ada' });
    const names = new Map<string, string>();
    const position = await foldNames(redis, '0-0', names);
    t.deepEqual([...names.values()], ['Ada']);
    await redis.hset('user-events:{0}:positions', 'my-fold', position);

    for (const name of ['Ada B', 'Ada C', 'Ada D']) {
      await gateway.put(`/users/users/${id}`, { name, email: 'ada@example.com' });
    }
    await untilKnown(redis);
    t.deepEqual(await lagOf(world, 'my-fold'), ['user-events:{0}  projection my-fold']);
    t.like(await readersCalled(world, 'my-fold'), [{ kind: 'projection', lag: { entries: 3 } }]);
    t.regex(await compacted(world, 'user-events'), /removed 0 superseded/);

    await foldNames(redis, position, names);
    t.deepEqual([...names.values()], ['Ada D']);
    await redis.hdel('user-events:{0}:positions', 'my-fold');
    t.deepEqual(await lagOf(world, 'my-fold'), []);
    t.deepEqual(await readersCalled(world, 'my-fold'), []);
    await untilTold('the updates are removed', async () =>
      /removed 2 superseded/.test(await compacted(world, 'user-events')),
    );
  });
});

/** Reads on from a position, into the names of users. Resolves to the new position. */
async function foldNames(redis: Redis, from: string, names: Map<string, string>): Promise<string> {
  const [[, entries = []] = []] = (await redis.xread('STREAMS', 'user-events:{0}', from)) ?? [];
  for (const [, [, type, , subject = '', , data = '']] of entries) {
    if (type === 'user.deleted') names.delete(subject);
    else names.set(subject, JSON.parse(data).name);
  }
  return entries.at(-1)?.[0] ?? from;
}

/** Compacts everything. Resolves to what it says of a stream. */
async function compacted({ stack }: World, stream: string): Promise<string> {
  const { output } = await startCommand('events', stack, ['compact', '--older-than', '0s']).result;
  return output.split('\n').find((line) => line.startsWith(stream)) ?? output;
}
