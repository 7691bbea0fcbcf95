import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { api, seed } from './api.ts';
import { type Ports, root } from './parts.ts';
import { freePorts } from './stack.ts';
import { nodeStart, type Running, untilReady, withFolder } from './started.ts';
import { until } from './until.ts';

// `npm start` as its user meets it.

/** What a part says that a busy machine has held up for seconds: no fault of how everything starts. */
const heldUp =
  /^.* WARN +(the lease is lost.*could not be held in time|redis is away.*(Socket timeout|ETIMEDOUT)).*\n/gm;

/** Whether the lines of the log stand in the order of time. */
function isInOrder({ output }: Running): boolean {
  const times = [...output().matchAll(/^[\d:.]{12} /gm)].map(([time]) => time);
  return times.join() === times.toSorted().join();
}

test('it starts everything calmly, says where all is, shows all four logs, stops on Ctrl+C and keeps the data, also for two of each service', async (t) => {
  await withFolder(async (start, ports) => {
    const gateway = api(`http://127.0.0.1:${ports.gateway}`);
    const first = start(ports);
    await untilReady(first);
    for (const place of [
      `API +http://localhost:${ports.gateway}\n`,
      `Docs +http://localhost:${ports.gateway}/docs\n`,
      `Console +http://localhost:${ports.operator} `,
      `Redis +redis-cli -p ${ports.redis};`,
    ]) {
      t.regex(first.output(), new RegExp(place));
    }
    const user = await seed(gateway).user();
    await seed(gateway).task(user.id);
    await gateway.get('/nowhere');
    for (const line of [
      /redis +Ready/,
      /gateway +GET +\/nowhere +404 +[\d.]+ ms +not_found [0-9a-f]{32}\n/,
      /user-service +POST +\/users +201 +[\d.]+ ms +[0-9a-f]{32}\n/,
      /task-service +POST +\/tasks +201 +[\d.]+ ms +[0-9a-f]{32}\n/,
    ]) {
      await until(`the log has ${line}`, () => line.test(first.output()));
    }
    t.notRegex(first.output().replaceAll(heldUp, ''), /WARN|ERROR/);
    const inOrder = [isInOrder(first)];
    first.process.kill('SIGINT');
    t.is(await first.ended, 0);

    const second = start(ports, ['env', 'INSTANCES=2', ...nodeStart]);
    await untilReady(second);
    for (const service of ['user-service', 'task-service']) {
      const listening = new RegExp(`${service} +listening`, 'g');
      await until(`both of ${service} listen`, () => second.output().match(listening)?.length === 2);
    }
    t.deepEqual((await gateway.get(`/users/users/${user.id}`)).json(), user);
    inOrder.push(isInOrder(second));
    // A line of a part that is held up for longer than others wait for it comes too late: not both times.
    t.true(inOrder.includes(true), first.output() + second.output());
    second.process.kill('SIGTERM');
    t.is(await second.ended, 0);
  });
});

test('--help says what there is, and a wrong option what is wrong; neither starts anything', async (t) => {
  await withFolder(async (start, ports) => {
    const help = start(ports, [...nodeStart, '--help']);
    t.is(await help.ended, 0);
    for (const word of ['npm start', 'npm run dev', '--inspect', 'GATEWAY_PORT', 'DATA_DIR']) {
      t.true(help.output().includes(word), word);
    }
    const wrong = start(ports, [...nodeStart, '--wacth']);
    t.is(await wrong.ended, 1);
    t.regex(wrong.output(), /^Unknown option '--wacth'\. --help tells .*\n$/);
    // As npm passes `npm run demo --rate 50` on.
    const swallowed = start(ports, [...nodeStart, '--demo', '50']);
    t.is(await swallowed.ended, 1);
    t.regex(swallowed.output(), /^Unexpected argument '50'\. .*npm needs -- before it.*\n$/);
  });
});

test('a busy port gets one line that names the port and the variable that changes it', async (t) => {
  await withFolder(async (start, ports) => {
    const first = start(ports);
    await untilReady(first);
    const free = await freePorts();
    const cases: [ports: Ports, port: number, variable: string][] = [
      [ports, ports.gateway, 'GATEWAY_PORT'],
      [{ ...free, users: ports.users }, ports.users, 'USER_SERVICE_PORT'],
      [{ ...free, tasks: ports.tasks }, ports.tasks, 'TASK_SERVICE_PORT'],
      [{ ...free, redis: ports.redis }, ports.redis, 'REDIS_PORT'],
    ];
    for (const [wanted, port, variable] of cases) {
      const second = start(wanted);
      t.is(await second.ended, 1);
      t.regex(second.output(), new RegExp(`^Port ${port} is in use.*${variable}.*\n$`));
    }
    const sameData = start(free);
    t.is(await sameData.ended, 1);
    t.regex(sameData.output(), /^The data in .* is in use by another npm start; set DATA_DIR .*\n$/);
    t.is(
      (await api(`http://127.0.0.1:${ports.gateway}`).get('/tasks/ready')).status,
      200,
      'the first runs on',
    );
    first.process.kill('SIGINT');
    t.is(await first.ended, 0);
  });
});

test('a process that dies is started again', async (t) => {
  await withFolder(async (start, ports) => {
    const running = start(ports);
    await untilReady(running);
    const gateway = api(`http://127.0.0.1:${ports.gateway}`);
    const pid = () => /user-service +listening +pid=(\d+)/.exec(running.output())?.[1];
    process.kill(Number(await until('the user service says its pid', pid)), 'SIGKILL');
    const ended = /user-service +ended without being asked to/;
    await until('its end is told', () => ended.test(running.output()));
    await until(
      'the user service is back',
      async () => (await gateway.get('/users/ready')).status === 200,
      60_000,
    );
    running.process.kill('SIGINT');
    t.is(await running.ended, 0);
  });
});

test('with --watch, a service restarts when its source changes', async (t) => {
  await withFolder(async (start, ports) => {
    const running = start(ports, [...nodeStart, '--watch']);
    await untilReady(running);
    const listening = () => running.output().match(/user-service +listening/g)?.length ?? 0;
    await until('the user service listens', () => listening() === 1);
    const now = new Date();
    utimesSync(join(root, 'user-service/src/config.ts'), now, now);
    const changed = /user-service\/src\/config\.ts has changed/;
    await until('the change is noticed', () => changed.test(running.output()));
    // Another change while it restarts is not lost, and there are never two of a service.
    utimesSync(join(root, 'user-service/src/config.ts'), now, now);
    await until('the user service has restarted for both', () => listening() === 3, 60_000);
    t.notRegex(running.output(), /did not start/);
    running.process.kill('SIGINT');
    t.is(await running.ended, 0);
  });
});
