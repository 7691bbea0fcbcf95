import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { userEvents } from 'shared-events';
import { startCommand } from '../stack/commands.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';
import { nextProgram } from '../upgrade/next-program.ts';
import { carryOut, expect, expectNewer, type Run } from './carry-out.ts';
import { command } from './commands.ts';
import { type Kept, shown, upcasts } from './model.ts';
import { programsOf, replayAll } from './programs.ts';

// Random commands with random crashes, replays, compactions, and restarts as an older program and a newer one: live state,
// replayed state and a plain model in memory are the same.

const partitions = 2;
const streamsOfUsers = Array.from({ length: partitions }, (_, partition) => userEvents.key(partition));

test('whatever is done, live state, replayed state and a plain model are the same to the byte', async (t) => {
  t.timeout(600_000);
  const env = { PARTITIONS: String(partitions), LOG_LEVEL: 'fatal' };
  await withStack(
    async (world) => {
      const programs = programsOf(world, env);
      const run: Run = { world, programs, partitions, model: { users: new Map(), tasks: new Map() } };
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(command, { minLength: 40, maxLength: 80 }), async (steps) => {
            for (const step of steps) await carryOut(run, step);
            await checkAnswers(run);
            await replayAll(world, 'older', partitions, '--verify');
            await bringNewer(run);
            await checkAnswers(run);
            await replayAll(world, 'newer', partitions, '--verify');
            for (const name of ['users', 'tasks'] as const) {
              t.deepEqual(await replayed(run, name), textsOf([...run.model[name].values()]));
            }
          }),
          { numRuns: 2, endOnFailure: true, includeErrorInReport: true },
        );
      } finally {
        await programs.stop();
      }
    },
    { env },
  );
});

/** Each document, and the list of each user's tasks, as the program that runs can show it. */
async function checkAnswers({ world: { gateway }, programs: { running }, model }: Run): Promise<void> {
  for (const [id, user] of model.users) {
    await checkOne(`/users/users/${id}`, user, shown(user, running.users, upcasts.users));
    const own = [...model.tasks.values()].filter(({ document }) => document.userId === id);
    const tasks = own.map((task) => shown(task, running.tasks, upcasts.tasks));
    for (const [at, task] of own.entries()) {
      await checkOne(`/tasks/tasks/${task.document.id}`, task, tasks[at]);
    }
    const list = await gateway.get(`/tasks/tasks?userId=${id}`);
    if (tasks.includes(undefined)) expectNewer(list);
    else
      expect(
        list,
        200,
        tasks.sort((a, b) => (String(a?.id) < String(b?.id) ? -1 : 1)),
      );
  }

  async function checkOne(path: string, { etag }: Kept<unknown>, document: unknown): Promise<void> {
    const answer = await gateway.get(path);
    if (document === undefined) expectNewer(answer);
    else expect(answer, 200, document, etag);
  }
}

/** Both services run as the newer program, and what the older one could not read is handled. */
async function bringNewer({ world: { stack, redis }, programs, model }: Run): Promise<void> {
  for (const service of ['users', 'tasks'] as const) {
    if (programs.running[service] === 'older') await programs.restart(service, 'newer');
  }
  const dead = await Promise.all(streamsOfUsers.map((stream) => redis.xlen(`${stream}:dead:cascade`)));
  if (dead.some((count) => count > 0)) {
    const args = ['dead-letters', 'requeue', 'all'];
    const { code, errors } = await startCommand('events', stack, args, partitions).result;
    if (code !== 0) throw new Error(errors);
  }
  await until('the cascades are done', async () => {
    const owners = (await redis.keys('tasks-of:*')).map((key) => key.split(':')[2] ?? '');
    return owners.every((owner) => model.users.has(owner));
  });
}

/** What a replay says there is, as JSON lines in order. */
async function replayed({ world: { stack } }: Run, projection: 'users' | 'tasks'): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'property-'));
  try {
    const file = join(dir, projection);
    const args = [projection, '--until', '2100-01-01T00:00:00Z', '--to', file];
    const { code, errors } = await startCommand('replay', stack, args, partitions, nextProgram).result;
    if (code !== 0) throw new Error(errors);
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).sort();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const textsOf = (all: Kept<unknown>[]): string[] =>
  all.map(({ document }) => JSON.stringify(document)).sort();
