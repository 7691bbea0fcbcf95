import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { assertProblem } from '../e2e/problem.ts';
import type { Api } from '../stack/api.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';

// A user with their tasks, when the task service is slow, wrong or gone, and when clients leave early.

interface Views extends World {
  /** The path of the combined view of a user. */
  view: string;
}

const withView = (run: (views: Views) => Promise<void>, env: Record<string, string> = {}) =>
  withStack(
    async (world) => {
      const { id } = await world.user();
      await run({ ...world, view: `/users/users/${id}/tasks` });
    },
    { env },
  );

/** A stack whose user service finds this in place of the task service. */
async function withTaskService(answer: RequestListener, run: (views: Views) => Promise<void>) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await withView(run, { TASK_BASE: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const json = { 'Content-Type': 'application/json' };

test('a task service that is gone is a 502, and back again it is asked again', async (t) => {
  await withView(async ({ stack, gateway, view }) => {
    await stack.tasks.stop();
    assertProblem(t, await gateway.get(view), 502, 'upstream_failed');
    await stack.tasks.start();
    t.is((await gateway.get(view)).status, 200);
  });
});

/** What the user service answers: where the machine is held up for a second, the gateway gives it up before that. */
const answerOfService = (gateway: Api, view: string) =>
  until('the user service answers before the gateway', async () => {
    const answer = await gateway.get(view);
    return answer.json<{ code?: string }>().code !== 'service_timeout' && answer;
  });

test('a task service that does not answer in time is a 504', async (t) => {
  await withView(async ({ stack, gateway, view }) => {
    stack.tasks.freeze();
    assertProblem(t, await answerOfService(gateway, view), 504, 'upstream_timeout');
    stack.tasks.thaw();
  });
  const onlyHead: RequestListener = (_, response) => response.writeHead(200, json).flushHeaders();
  await withTaskService(onlyHead, async ({ gateway, view }) => {
    assertProblem(t, await answerOfService(gateway, view), 504, 'upstream_timeout');
  });
});

test('a task service that answers anything but a list is a 502', async (t) => {
  const answers: RequestListener[] = [
    (_, response) => response.writeHead(500, json).end('[]'),
    (_, response) => response.writeHead(302, { ...json, Location: '/' }).end('[]'),
    (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('[]'),
    (_, response) => response.writeHead(200, json).end('{"tasks":[]}'),
    (_, response) => response.writeHead(200, json).end(),
    (_, response) => response.destroy(),
  ];
  let at = 0;
  await withTaskService(
    (request, response) => answers[at]?.(request, response),
    async ({ gateway, view }) => {
      for (at = 0; at < answers.length; at++) {
        assertProblem(t, await gateway.get(view), 502, 'upstream_failed');
      }
    },
  );
});

test('a list that breaks off is not passed off as whole: a 502, or a cut where the answer has begun', async (t) => {
  const short = '[{"id":"1"},';
  const long = `[${'{"id":"1"},'.repeat(100_000)}`;
  let answer: RequestListener;
  const cut = (text: string): RequestListener => {
    return (_, response) => response.writeHead(200, json).write(text, () => response.destroy());
  };
  const ended = (text: string): RequestListener => {
    return (_, response) => response.writeHead(200, json).end(text);
  };
  await withTaskService(
    (request, response) => answer(request, response),
    async ({ gateway, view }) => {
      for (answer of [cut(short), ended(short)]) {
        assertProblem(t, await gateway.get(view), 502, 'upstream_failed');
      }
      for (answer of [cut(long), ended(long)]) await t.throwsAsync(gateway.get(view));
    },
  );
});

test('clients that leave early hold nothing back from those that come later', async (t) => {
  await withView(async ({ stack, redis, gateway, view }) => {
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
});

test('HEAD of a long view lets go of the list behind it', async (t) => {
  let closed = false;
  await withTaskService(
    (_, response) => {
      response.once('close', () => {
        closed = true;
      });
      response.writeHead(200, json).write(`[${'{"title":"x"},'.repeat(20_000)}`);
    },
    async ({ gateway, view }) => {
      t.is((await gateway.request('HEAD', view)).status, 200);
      await until('the task service is let go', () => closed);
    },
  );
});

test('a service that is asked to stop finishes what is under way, and ends at once after it', async (t) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  await withTaskService(
    async (_, response) => {
      asked();
      await held;
      response.writeHead(200, json).end('[]');
    },
    async ({ stack, gateway, view }) => {
      const answer = gateway.get(view);
      await arrived;
      const stopped = stack.users.stop();
      release();
      t.is((await answer).status, 200);
      await stopped;
      t.is(await stack.users.ended(), 0, 'it ended cleanly, and not for want of time');
    },
  );
});
