import test from 'ava';
import { until } from '../stack/until.ts';
import type { WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// Whoever reads the logs trusts that a line is a line.

const world = worldUnderTest(test, { env: { LOG_LEVEL: 'info' } });
const forged = '{"level":30,"msg":"admin logged in"}';

test('nothing in a request ends a line of a log, or makes one', async (t) => {
  const user = await world.user({ name: `\\n${forged}"<script>` });
  const tricks: WireRequest[] = [
    { path: `/users/users/%0a${encodeURIComponent(forged)}` },
    { path: `/users/users/"${forged.replaceAll(' ', '')}"` },
    { path: '/users/users/\\"\\n\\u000a%0d%0a' },
    { path: Buffer.concat([Buffer.from('/users/users/'), Buffer.from([0xff, 0xc0, 0x80])]) },
    { path: '/users/users/%1b[31mred%7f%e2%80%a8' },
    { path: '/users/users/x', headers: [['X-Request-Id', `x"}\\n${forged}`]] },
    { path: '/users/users/x', headers: [['traceparent', `"}${forged}`]] },
    { path: '/users/users/x', headers: [['User-Agent', `"}\\r\\n${forged}`]] },
    { path: '/users/users/x', headers: [['Referer', `\u0001\u007f"${forged}`]] },
    { method: 'FOO"BAR', path: '/users/users/x' },
    {
      method: 'POST',
      path: '/users/users',
      body: `{"name":"two\\n${forged.replaceAll('"', '\\"')}","email":"x"}`,
    },
    { method: 'PUT', path: `/users/users/${user.id}?x=${encodeURIComponent(`\n${forged}`)}`, body: '{}' },
  ];
  for (const trick of tricks) await world.send(trick);
  for (const path of ['/users/users/last', '/last']) {
    await world.send({ path, headers: [['X-Request-Id', 'the-last-one']] });
  }
  await until('both logs have the last request', () =>
    ['gateway', 'user-service'].every((name) =>
      world.lines.some(({ part, line }) => part === name && line.includes('the-last-one')),
    ),
  );
  const told = world.lines.filter(({ part }) => part !== 'redis');
  t.true(told.length > tricks.length);
  for (const { part, line } of told) {
    t.notThrows(() => JSON.parse(line), `${part}: ${line}`);
    t.not(JSON.parse(line).msg, 'admin logged in', line);
  }
});

test('no name, address or title stands in a log', async (t) => {
  const user = await world.user({ name: 'Secret Name', email: 'secret.address@example.com' });
  await world.task(user.id, { title: 'Secret title' });
  await world.gateway.put(`/users/users/${user.id}`, { name: 'Secret Name', email: 'secret.address' });
  await world.gateway.get(`/users/users/${user.id}`, { 'X-Request-Id': 'the-last-of-these' });
  await until('the log has the last request', () =>
    world.lines.some(({ part, line }) => part === 'user-service' && line.includes('the-last-of-these')),
  );
  for (const { line } of world.lines) t.notRegex(line, /secret/i);
});

test('the log of the gateway tells the method that was sent, also of what the gateway answers itself', async (t) => {
  for (const method of ['POST', 'PUT', 'TRACE']) {
    await world.send({ method, path: '/nowhere', headers: [['X-Request-Id', `a-lost-${method}`]] });
    const { line } = await until('the log has it', () =>
      world.lines.find(({ part, line }) => part === 'gateway' && line.includes(`a-lost-${method}`)),
    );
    t.is(JSON.parse(line).method, method);
  }
});
