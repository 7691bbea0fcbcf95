import { execFileSync } from 'node:child_process';
import { setTimeout as lasts } from 'node:timers/promises';
import type { Part } from '../stack/part.ts';
import { until } from '../stack/until.ts';
import { type Fault, survive } from './survive.ts';

// Processes that die, hang, or run out of what the system gives them. Whoever dies is started again as `npm start` does.

/** Kills a part at random moments, each time after it has come back. */
async function killAgainAndAgain(part: Part, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await lasts(100 + Math.random() * 600);
    const before = part.pid();
    part.kill('SIGKILL');
    await until(`${part.name} is started again`, () => part.pid() !== before);
  }
}

async function freezeForAWhile(part: Part, ms: number): Promise<void> {
  part.freeze();
  await lasts(ms);
  part.thaw();
}

/** Sets how many files a running process may have open. */
const limitFiles = (part: Part, most: number) =>
  execFileSync('prlimit', ['--pid', String(part.pid()), `--nofile=${most}:`]);

const names = ['users', 'tasks', 'redis', 'gateway'] as const;

const killed = names.map(
  (name): Fault => ({
    name: `${name} is killed five times`,
    ...(name === 'redis' && { short: true }),
    inject: ({ stack }) => killAgainAndAgain(stack[name], 5),
  }),
);

const frozen = names.map(
  (name): Fault => ({
    name: `${name} hangs three times, for up to three seconds`,
    async inject({ stack }) {
      for (const ms of [700, 1500, 3000]) {
        await lasts(Math.random() * 500);
        await freezeForAWhile(stack[name], ms);
      }
    },
  }),
);

survive([
  ...killed,
  ...frozen,
  {
    name: 'all are killed at once',
    async inject({ stack }) {
      for (const part of stack.parts) part.kill('SIGKILL');
    },
  },
  {
    name: 'three task services, of which one after the other is killed',
    instances: { tasks: 3 },
    async inject({ stack }) {
      for (let time = 0; time < 6; time++) {
        await killAgainAndAgain(stack.taskServices[time % 3] as Part, 1);
      }
    },
  },
  {
    name: 'three task services, of which one hangs past its lease and then goes on',
    instances: { tasks: 3 },
    async inject({ stack, redis }) {
      const holder = await redis.get('user-events:{0}:lease:cascade');
      const working = stack.taskServices.find(({ pid }) => holder?.includes(`:${pid()}:`));
      await freezeForAWhile(working ?? stack.tasks, 4500);
    },
  },
  {
    name: 'services run out of file descriptors, and then lose their connections',
    async inject({ stack, proxies }) {
      const services = [stack.users, stack.tasks];
      for (const service of services) limitFiles(service, 10);
      proxies.users.reset();
      proxies.tasks.reset();
      await lasts(2500);
      for (const service of services) limitFiles(service, 4096);
    },
  },
  {
    name: 'the wall clock of the services jumps an hour back and forth',
    env: { NODE_OPTIONS: `--import=${new URL('jumping-clock.ts', import.meta.url).href}` },
    async inject({ stack }) {
      for (let time = 0; time < 6; time++) {
        stack.users.kill('SIGUSR2');
        await lasts(250);
        stack.tasks.kill('SIGUSR2');
        await lasts(250);
      }
    },
  },
]);
