import test, { type ExecutionContext } from 'ava';
import { assertProblem } from '../e2e/problem.ts';
import { accountPasswords, credentials } from '../stack/accounts.ts';
import type { Api } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import { servicePart } from '../stack/parts.ts';
import { freePorts } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';

// What a service does with credentials that Redis refuses, or that make no sense.

interface Told extends World {
  /** Every line the parts have printed. */
  lines: string[];
}

function withLines(run: (told: Told) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  return withStack((world) => run({ ...world, lines }), {
    env: { LOG_LEVEL: 'warn' },
    onLine: (_, line) => lines.push(line),
  });
}

const services = ['user-service', 'task-service'] as const;

/** Every kind of request is told, soon, that Redis is not to be had. */
async function assertUnavailable(t: ExecutionContext, gateway: Api, userId: string, taskId: string) {
  for (const answer of await Promise.all([
    gateway.post('/users/users', { name: 'Grace', email: 'grace@example.com' }),
    gateway.get(`/users/users/${userId}`),
    gateway.post('/tasks/tasks', { userId, title: 'Refused?' }),
    gateway.get(`/tasks/tasks/${taskId}`),
    gateway.get(`/tasks/tasks?userId=${userId}`),
  ])) {
    assertProblem(t, answer, 503, 'redis_unavailable');
  }
  assertProblem(t, await gateway.get('/users/ready'), 503, 'not_ready');
  assertProblem(t, await gateway.get('/tasks/ready'), 503, 'not_ready');
  t.is((await gateway.get('/users/health')).status, 200);
}

const untilServed = (gateway: Api, userId: string) =>
  until('all is served again', async () => {
    const answers = await Promise.all([
      gateway.get('/users/ready'),
      gateway.get('/tasks/ready'),
      gateway.get(`/users/users/${userId}/tasks`),
    ]);
    return answers.every(({ status }) => status === 200);
  });

function assertNoPassword(t: ExecutionContext, lines: string[]): void {
  for (const password of Object.values(accountPasswords)) {
    t.deepEqual(
      lines.filter((line) => line.includes(password)),
      [],
    );
  }
}

test('while its password is wrong a service answers 503 and says why, and goes on when it is put right', async (t) => {
  await withLines(async ({ redis, gateway, user, task, lines }) => {
    const ada = await user();
    const milk = await task(ada.id);
    for (const service of services) {
      await redis.acl('SETUSER', service, 'resetpass', '>another');
      await redis.client('KILL', 'USER', service);
    }
    for (const service of services) {
      await until(`${service} says why`, () =>
        lines.some((line) => line.includes(service) && /redis refuses REDIS_USERNAME.*|WRONGPASS/.test(line)),
      );
    }
    await assertUnavailable(t, gateway, ada.id, milk.id);
    for (const service of services) {
      await redis.acl('SETUSER', service, 'resetpass', `>${credentials(service).REDIS_PASSWORD}`);
    }
    await untilServed(gateway, ada.id);
    t.is((await task((await user()).id)).title, 'Buy milk');
    assertNoPassword(t, lines);
  });
});

test('while its account lacks a right a service answers 503 and says which, and goes on when it has it', async (t) => {
  await withLines(async ({ redis, gateway, user, task, lines }) => {
    const ada = await user();
    const milk = await task(ada.id);
    for (const service of services) await redis.acl('SETUSER', service, 'clearselectors', '-ping', '-xread');
    await assertUnavailable(t, gateway, ada.id, milk.id);
    await until('the log names a command', () =>
      lines.some((line) => /NOPERM .* has no permissions to run the 'get' command/.test(line)),
    );
    await until('the readers tell as well', () =>
      lines.some((line) => line.includes('reading is interrupted') && line.includes('NOPERM')),
    );
    await redis.acl('LOAD');
    await untilServed(gateway, ada.id);
    t.is((await task((await user()).id)).title, 'Buy milk');
  });
});

test('a command with wrong credentials ends with 2 and one line that says so', async (t) => {
  await withLines(async ({ stack, redis }) => {
    await redis.acl('SETUSER', 'operator', 'resetpass', '>another');
    const { code, errors } = await startCommand('events', stack, ['lag']).result;
    t.is(code, 2);
    t.regex(errors, /^WRONGPASS [^\n]*\n$/);
  });
});

for (const [given, message] of [
  [{ REDIS_PASSWORD: '' }, 'REDIS_USERNAME=user-service: needs REDIS_PASSWORD beside it'],
  [{ REDIS_USERNAME: '', REDIS_PASSWORD: 'secret' }, 'REDIS_PASSWORD: needs REDIS_USERNAME beside it'],
  [{ REDIS_TLS: 'perhaps' }, 'REDIS_TLS=perhaps: must be true or false'],
] as [Record<string, string>, string][]) {
  test(`a service ends with "${message}", and shows no password`, async (t) => {
    const lines: string[] = [];
    const setting = {
      ports: await freePorts(),
      supervised: false,
      onLine: (line: string) => lines.push(line),
    };
    const service = servicePart('user-service', given, setting);
    await t.throwsAsync(service.start(), { message: /did not start/ });
    t.deepEqual(lines, [`user-service: ${message}`]);
  });
}
