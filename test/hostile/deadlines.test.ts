import test from 'ava';
import { untilReady } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { assertAnswer, type Expected } from './answer.ts';
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
      requests.map((request) => {
        const what = `${request.method ?? 'GET'} ${request.path}`;
        // Once is enough: the machine may be held up now and then, a deadline that is too late always is.
        return until(`an answer within 4.5 s to ${what}`, async () => {
          const before = performance.now();
          const answer = await world.send(request);
          const seconds = (performance.now() - before) / 1000;
          const expected: Expected = request.method === 'HEAD' ? 504 : [504, 'service_timeout'];
          assertAnswer(t, answer, expected, `${what} after ${seconds} s`);
          return seconds < 4.5;
        });
      }),
    );
    assertAnswer(t, await world.send({ path: '/tasks/ready' }), 200, 'the other service');
  } finally {
    world.stack.users.thaw();
  }
  await untilReady(world.gateway);
});
