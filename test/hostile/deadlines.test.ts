import test from 'ava';
import { untilReady } from '../stack/api.ts';
import { assertAnswer } from './answer.ts';
import type { WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

const world = worldUnderTest(test);

test('a service that hangs is answered for by the gateway, before five seconds are over', async (t) => {
  const { id } = await world.user();
  const body = '{"name":"Ada","email":"ada@example.com"}';
  const path = `/users/users/${id}`;
  const requests: WireRequest[] = [
    { path },
    { path: `${path}/tasks` },
    { path: '/users/ready' },
    { method: 'HEAD', path },
    { method: 'POST', path: '/users/users', body },
    { method: 'PUT', path, body },
    { method: 'PUT', path, body: body.padEnd(65_000) },
    { method: 'DELETE', path },
  ];
  world.stack.users.freeze();
  try {
    await Promise.all(
      requests.map(async (request) => {
        const before = performance.now();
        const answer = await world.send(request);
        const seconds = (performance.now() - before) / 1000;
        const what = `${request.method ?? 'GET'} ${request.path} after ${seconds} s`;
        assertAnswer(t, answer, request.method === 'HEAD' ? 504 : [504, 'service_timeout'], what);
        t.true(seconds < 4.5, what);
      }),
    );
    assertAnswer(t, await world.send({ path: '/tasks/ready' }), 200, 'the other service');
  } finally {
    world.stack.users.thaw();
  }
  await untilReady(world.gateway);
});
