import test, { type ExecutionContext } from 'ava';
import type { Answer } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { assertAnswer, assertSoon } from './answer.ts';
import { size } from './size.ts';
import { bytesOf, open, readAll, readAnswer, statuses, type WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// What one client address may take, and that the others do not notice.

const world = worldUnderTest(test);
const other = '127.0.0.10';
const path = '/users/users/nobody';

const keptAlive: [string, string] = ['Connection', 'keep-alive'];
const requests: WireRequest[] = [
  { path },
  {
    path,
    headers: [
      ['X-Forwarded-For', '10.0.0.1'],
      ['X-Real-IP', '127.0.0.1'],
      ['Forwarded', 'for=127.0.0.1'],
    ],
  },
  { method: 'POST', path: '/users/users', body: '{}' },
  { method: 'PUT', path, body: '{}' },
  { method: 'DELETE', path },
];

/** Sends many requests at once on each of several connections, and gives what came back on each. */
const flood = (connections: number, each: number, from: string): Promise<string[]> =>
  Promise.all(
    Array.from({ length: connections }, async (_, n) => {
      const request = requests[n % requests.length] as WireRequest;
      const kept = bytesOf({ ...request, headers: [keptAlive, ...(request.headers ?? [])] });
      const socket = await open(world.stack.ports.gateway, from);
      socket.write(Buffer.concat([...Array.from({ length: each - 1 }, () => kept), bytesOf(request)]));
      return readAll(socket, 30_000);
    }),
  );

const answersIn = (all: string[]): Answer[] =>
  all.flatMap((received) => received.split(/(?=HTTP\/1\.1 \d)/).map(readAnswer));

/** Floods from an address while another client asks on, and gives how long each of its answers took, in milliseconds. */
async function floodBeside(t: ExecutionContext, each: number, from: string) {
  const started = performance.now();
  let flooding = true;
  let seconds = 0;
  const flooded = flood(20, each, from).finally(() => {
    seconds = (performance.now() - started) / 1000;
    flooding = false;
  });
  const times: number[] = [];
  while (flooding) {
    const before = performance.now();
    assertAnswer(t, await world.send({ path }, other), [404, 'user_not_found'], 'the other client');
    times.push(performance.now() - before);
  }
  return { answers: answersIn(await flooded), seconds, times };
}

test.serial('a flood is answered 429 beyond the limit, while another client is served', async (t) => {
  const each = size(300, 900);
  let client = 20;
  // A flood that passes while this process is held up tells nothing of the other client: then comes another.
  const { answers, seconds, times } = await until('the other client is served four times', async () => {
    const found = await floodBeside(t, each, `127.0.0.${client++}`);
    return found.times.length > 3 && found;
  });
  assertSoon(t, times);
  t.is(answers.length, 20 * each);
  const refused = answers.filter(({ status }) => status === 429);
  for (const answer of refused.slice(0, 100)) {
    assertAnswer(t, answer, [429, 'too_many_requests'], 'the flooder');
    t.is(answer.headers.get('retry-after'), '1');
  }
  const passed = answers.filter(({ status }) => status === 404 || status === 422).length;
  t.is(passed + refused.length, answers.length, 'nothing else was answered');
  t.true(passed >= 1000, 'so many may come at once');
  t.true(passed <= 1000 + 500 * (seconds + 1), `${passed} in ${seconds} s`);
  t.true(refused.length > 0);
});

test.serial('a PUT counts once, like any other request', async (t) => {
  const put = bytesOf({ method: 'PUT', path, headers: [keptAlive], body: '{}' });
  const last = bytesOf({ method: 'PUT', path, body: '{}' });
  const received = await Promise.all(
    Array.from({ length: 9 }, async () => {
      const socket = await open(world.stack.ports.gateway, '127.0.0.12');
      socket.write(Buffer.concat([...Array.from({ length: 99 }, () => put), last]));
      return readAll(socket, 30_000);
    }),
  );
  const answered = received.flatMap(statuses);
  t.is(answered.length, 900);
  t.true(answered.every((status) => status === 404));
});

test.serial('a client may have 200 requests under way, and no more', async (t) => {
  const client = '127.0.0.13';
  const stalled = bytesOf({ method: 'POST', path: '/users/users', body: 'x'.repeat(100) }).subarray(0, -50);
  const sockets = await Promise.all(
    Array.from({ length: 220 }, () => open(world.stack.ports.gateway, client)),
  );
  const refusals: Answer[] = [];
  for (const socket of sockets) {
    // The gateway waits a while for the rest of the body before it closes.
    socket.once('data', (piece) => refusals.push(readAnswer(piece.toString('latin1'))));
    socket.write(stalled);
  }
  await until('those beyond 200 are answered', () => refusals.length === 20);
  for (const refusal of refusals) {
    assertAnswer(t, refusal, [429, 'too_many_requests'], 'one beyond 200');
  }
  assertAnswer(t, await world.send({ path }, client), [429, 'too_many_requests'], 'one more');
  assertAnswer(t, await world.send({ path }, other), [404, 'user_not_found'], 'the other client');
  t.is(refusals.length, 20);
  for (const socket of sockets) socket.destroy();
});

test.serial('the machine itself is not limited', async (t) => {
  const answers = answersIn(await flood(10, 300, '127.0.0.1'));
  t.is(answers.length, 3000);
  t.true(answers.every(({ status }) => status === 404 || status === 422));
});
