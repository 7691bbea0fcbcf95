import { setTimeout as lasts } from 'node:timers/promises';
import { field, subjectOf } from 'shared-events';
import { holdProjections } from '../stack/redis.ts';
import { until } from '../stack/until.ts';
import { isFull } from './load.ts';
import { hashOf } from './script-hash.ts';
import { type Fault, survive } from './survive.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import type { World } from './world.ts';

// What lies between the parts: connections that are cut, slow, silent, or end at the worst moment.

const aWhile = 2500;

/** Breaks what lies between both services and Redis for a while. */
const redisLink = (name: string, spoil: (proxy: TcpProxy) => void): Fault => ({
  name,
  async inject({ proxies: { users, tasks } }) {
    for (const proxy of [users, tasks]) spoil(proxy);
    await lasts(aWhile);
    for (const proxy of [users, tasks]) proxy.heal();
  },
});

/** Breaks what lies between the task service and the user service, while the former must ask the latter. */
const checkLink = (
  name: string,
  spoil: (world: World) => void,
  heal: (world: World) => Promise<void>,
): Fault => ({
  name: `the projection stands still, and the user service ${name}`,
  async inject(world) {
    const letGo = await holdProjections(world.redis);
    spoil(world);
    await lasts(aWhile);
    await heal(world);
    await lasts(500);
    await letGo();
  },
});

const healCheck = async ({ proxies }: World) => proxies.check.heal();
const html = '<html>Not what you asked for</html>';

const consumerLua = 'shared-events/src/streams/lua';
const ack = hashOf(`${consumerLua}/group.lua`, `${consumerLua}/ack.lua`);
const applyKnownUsers = hashOf(`${consumerLua}/evidence.lua`, `${consumerLua}/apply-projection.lua`);

/** How often, in the full form and the short one. */
const kills = isFull ? 4 : 2;

/** Kills a service at a moment of its talk with Redis, again and again, each time when it is back. */
const killedAt = (
  name: string,
  service: 'users' | 'tasks',
  arm: (proxy: TcpProxy, kill: () => void) => void,
): Fault => ({
  name,
  async inject({ stack, proxies }) {
    const part = stack[service];
    for (let time = 0; time < kills; time++) {
      const before = part.pid();
      arm(proxies[service], () => part.kill('SIGKILL'));
      await until(`${part.name} is killed at its moment and started again`, () => part.pid() !== before);
      await lasts(600);
    }
  },
});

/**
 * Holds the first task service's follower up as it applies a batch, until the other has passed the deletion of a user
 * whom that batch makes known. Then the batch goes on its way, and the service dies. Resolves to whether it came so far.
 */
async function overtake({ stack, proxies, redis }: World): Promise<boolean> {
  const held = Promise.withResolvers<[deliver: () => void, request: string]>();
  proxies.tasks.holdRequest(applyKnownUsers, (...hold) => held.resolve(hold));
  const [deliver, request] = await held.promise;
  const overtaken = await until(
    'another follower has passed a deletion',
    async () => {
      const position = (await redis.hget('known-users:{0}', 'position')) ?? '0-0';
      const entries = await redis.xrevrange('user-events:{0}', position, '-', 'COUNT', 500);
      return entries.some(
        (entry) => field(entry, 'type') === 'user.deleted' && request.includes(subjectOf(entry)),
      );
    },
    1000,
  ).catch(() => false);
  if (overtaken) stack.tasks.freeze();
  deliver();
  if (!overtaken) return false;
  await lasts(50);
  const before = stack.tasks.pid();
  stack.tasks.kill('SIGKILL');
  await until('the first task service is started again', () => stack.tasks.pid() !== before);
  await lasts(800);
  return true;
}

survive([
  redisLink('requests to Redis are lost', (proxy) => proxy.loseRequests()),
  { ...redisLink('replies of Redis are lost', (proxy) => proxy.loseReplies()), short: true },
  redisLink('nothing goes through to Redis and back', (proxy) => proxy.blackHole()),
  redisLink('connections to Redis are refused', (proxy) => proxy.refuse()),
  redisLink('Redis is 200 ms away', (proxy) => proxy.slow(200)),
  {
    name: 'connections to Redis are reset again and again',
    async inject({ proxies: { users, tasks } }) {
      for (let time = 0; time < 20; time++) {
        for (const proxy of [users, tasks]) proxy.reset();
        await lasts(100);
      }
    },
  },
  killedAt('the user service is killed before its write', 'users', (proxy, kill) =>
    proxy.holdRequest('user.updated', kill),
  ),
  killedAt('the user service is killed after its write, before the answer', 'users', (proxy, kill) =>
    proxy.holdReply('user.created', kill),
  ),
  killedAt('the task service is killed before its write', 'tasks', (proxy, kill) =>
    proxy.holdRequest('task.created', kill),
  ),
  killedAt('the task service is killed after its write, before the answer', 'tasks', (proxy, kill) =>
    proxy.holdReply('task.updated', kill),
  ),
  {
    ...killedAt('the cascade is killed between its work and its acknowledgement', 'tasks', (proxy, kill) =>
      proxy.holdRequest(ack, kill),
    ),
    short: true,
  },
  killedAt('the cascade is killed in the middle of its work', 'tasks', (proxy, kill) =>
    proxy.holdRequest('task.deleted', kill),
  ),
  {
    name: 'a follower is held up, is overtaken by another, goes on late, and dies',
    short: true,
    instances: { tasks: 2 },
    async inject(world) {
      for (let late = 0; late < 2; ) if (await overtake(world)) late += 1;
    },
  },
  checkLink('is slow', ({ proxies }) => proxies.check.slow(600), healCheck),
  checkLink('never answers', ({ proxies }) => proxies.check.blackHole(), healCheck),
  checkLink(
    'answers with something else',
    ({ proxies }) =>
      proxies.check.answer(
        `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${html.length}\r\n\r\n${html}`,
      ),
    healCheck,
  ),
  checkLink(
    'is of another mind',
    ({ proxies }) => proxies.check.answer('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    healCheck,
  ),
  checkLink(
    'is gone',
    ({ stack }) => stack.users.kill('SIGKILL'),
    async () => undefined,
  ),
]);
