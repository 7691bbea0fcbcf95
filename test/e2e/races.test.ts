import test from 'ava';
import { gatewayUnderTest } from './gateway.ts';
import { assertProblem } from './problem.ts';

const gateway = gatewayUnderTest(test, 2);
const rounds = 400;
const atOnce = 20;

/** Runs all rounds, so many of them at once. */
async function manyTimes(round: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < rounds) await round(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

test('a task for a user created just now is accepted, every time', async (t) => {
  let accepted = 0;
  await manyTimes(async (n) => {
    const user = await gateway.user({ name: `User ${n}` });
    const answer = await gateway.api.post('/tasks/tasks', { userId: user.id, title: 'at once' });
    if (answer.status === 201) accepted += 1;
    else t.fail(answer.text);
  });
  t.is(accepted, rounds);
});

test('a task for a user deleted just now is refused, every time', async (t) => {
  let refused = 0;
  await manyTimes(async (n) => {
    const user = await gateway.user({ name: `User ${n}` });
    await gateway.api.delete(`/users/users/${user.id}`);
    const answer = await gateway.api.post('/tasks/tasks', { userId: user.id, title: 'too late' });
    if (answer.status !== 400) t.fail(`${answer.status} ${answer.text}`);
    else if (refused++ === 0) assertProblem(t, answer, 400, 'unknown_user');
  });
  t.is(refused, rounds);
});
