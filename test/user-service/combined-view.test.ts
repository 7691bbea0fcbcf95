import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { assertProblem } from '../e2e/problem.ts';
import type { Api } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { sharedStack, type World } from '../stack/world.ts';

// A user with their tasks, when the task service is slow, wrong or gone, and when clients leave early.

/** What the user service finds in place of the task service: a server that each test has answer as it needs. */
const fake = createServer();
const faked = sharedStack(test, async () => {
  await once(fake.listen(0, '127.0.0.1'), 'listening');
  return { env: { TASK_BASE: `http://127.0.0.1:${(fake.address() as AddressInfo).port}` } };
});
test.after.always(() => {
  fake.closeAllConnections();
  fake.close();
});

const shared = sharedStack(test);

/** Makes a user, and returns the path of the view of them and their tasks. */
const newView = async ({ user }: World): Promise<string> => `/users/users/${(await user()).id}/tasks`;

/** Has the server in place of the task service answer so from now on, and returns the path of a view. */
function fakedView(answer: RequestListener): Promise<string> {
  fake.removeAllListeners('request').on('request', answer);
  return newView(faked);
}

const json = { 'Content-Type': 'application/json' };

test.serial('a task service that is gone is a 502, and back again it is asked again', async (t) => {
  const { stack, gateway } = shared;
  const view = await newView(shared);
  await stack.tasks.stop();
  assertProblem(t, await gateway.get(view), 502, 'upstream_failed');
  await stack.tasks.start();
  t.is((await gateway.get(view)).status, 200);
});

/** What the user service answers: where the machine is held up for a second, the gateway gives it up before that. */
const answerOfService = (gateway: Api, view: string) =>
  until('the user service answers before the gateway', async () => {
    const answer = await gateway.get(view);
    return answer.json<{ code?: string }>().code !== 'service_timeout' && answer;
  });

test.serial('a task service that does not answer in time is a 504', async (t) => {
  const view = await newView(shared);
  shared.stack.tasks.freeze();
  assertProblem(t, await answerOfService(shared.gateway, view), 504, 'upstream_timeout');
  shared.stack.tasks.thaw();
  const headOnly = await fakedView((_, response) => response.writeHead(200, json).flushHeaders());
  assertProblem(t, await answerOfService(faked.gateway, headOnly), 504, 'upstream_timeout');
});

test.serial('a task service that answers anything but a list is a 502', async (t) => {
  const answers: RequestListener[] = [
    (_, response) => response.writeHead(500, json).end('[]'),
    (_, response) => response.writeHead(302, { ...json, Location: '/' }).end('[]'),
    (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('[]'),
    (_, response) => response.writeHead(200, json).end('{"tasks":[]}'),
    (_, response) => response.writeHead(200, json).end(),
    (_, response) => response.destroy(),
  ];
  for (const answer of answers) {
    assertProblem(t, await faked.gateway.get(await fakedView(answer)), 502, 'upstream_failed');
  }
});

test.serial(
  'a list that breaks off is not passed off as whole: a 502, or a cut where the answer has begun',
  async (t) => {
    const short = '[{"id":"1"},';
    const long = `[${'{"id":"1"},'.repeat(100_000)}`;
    const cut = (text: string): RequestListener => {
      return (_, response) => response.writeHead(200, json).write(text, () => response.destroy());
    };
    const ended = (text: string): RequestListener => {
      return (_, response) => response.writeHead(200, json).end(text);
    };
    for (const answer of [cut(short), ended(short)]) {
      assertProblem(t, await faked.gateway.get(await fakedView(answer)), 502, 'upstream_failed');
    }
    for (const answer of [cut(long), ended(long)]) {
      const view = await fakedView(answer);
      await t.throwsAsync(faked.gateway.get(view));
    }
  },
);

test.serial('clients that leave early hold nothing back from those that come later', async (t) => {
  const { stack, redis, gateway } = shared;
  const view = await newView(shared);
  for (let round = 0; round < 2; round++) {
    await until('some have left early', async () => {
      await redis.client('PAUSE', 300, 'ALL');
      const leaving = Array.from({ length: 80 }, () =>
        fetch(stack.urls.gateway + view, { signal: AbortSignal.timeout(100) }),
      );
      const results = await Promise.allSettled(leaving);
      return results.some(({ status }) => status === 'rejected');
    });
  }
  await until('views are answered', async () => (await gateway.get(view)).status === 200);
  const answers = await Promise.all(Array.from({ length: 80 }, () => gateway.get(view)));
  t.true(answers.every(({ status }) => status === 200));
});

test.serial('HEAD of a long view lets go of the list behind it', async (t) => {
  let closed = false;
  const view = await fakedView((_, response) => {
    response.once('close', () => {
      closed = true;
    });
    response.writeHead(200, json).write(`[${'{"title":"x"},'.repeat(20_000)}`);
  });
  t.is((await faked.gateway.request('HEAD', view)).status, 200);
  await until('the task service is let go', () => closed);
});

test.serial(
  'a service that is asked to stop finishes what is under way, and ends at once after it',
  async (t) => {
    const { stack, gateway } = faked;
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const view = await fakedView(async (_, response) => {
      arrived.resolve();
      await held.promise;
      response.writeHead(200, json).end('[]');
    });
    const answer = gateway.get(view);
    await arrived.promise;
    const stopped = stack.users.stop();
    held.resolve();
    t.is((await answer).status, 200);
    await stopped;
    t.is(await stack.users.ended(), 0, 'it ended cleanly, and not for want of time');
  },
);
