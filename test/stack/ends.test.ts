import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import type { Ports } from './parts.ts';
import { isFree } from './ports.ts';
import { nodeStart, type Running, untilReady, withFolder } from './started.ts';
import { until } from './until.ts';

// However `npm start` comes to its end, it leaves nothing behind. What processes there are, Linux tells.

const testOnLinux = process.platform === 'linux' ? test.serial : test.serial.skip;

interface Process {
  pid: number;
  parent: number;
  /** Its first argument, and those after it. */
  command: string;
}

/** The processes there are, but for those that have ended and only wait for their parent to hear of it. */
function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, state, parent] =
          /^\d+ \(.*\) (\w) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return state === 'Z' ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
      } catch {
        return [];
      }
    });
}

/** A process and all below it. */
function tree(pid: number, all = processes()): Process[] {
  const below = all.filter(({ parent }) => parent === pid).flatMap((child) => tree(child.pid, all));
  return [...all.filter((one) => one.pid === pid), ...below];
}

const find = (all: Process[], command: RegExp): number => {
  const found = all.find((one) => command.test(one.command));
  if (!found) throw new Error(`no ${command} among ${JSON.stringify(all)}`);
  return found.pid;
};

const npm = /^(npm start|npm run dev)/;
const itself = /test\/stack\/start\.ts/;
const npmStart = ['npm', 'start'];
const inTerminal = ['script', '-qfc', 'npm start', '/dev/null'];
const inOrder = /Stopping; the data is kept.* is now ready to exit, bye bye/s;

/** Starts it, has it ended, and waits until no process of it and no port is left. */
async function leavesNothing(
  command: string[],
  end: (all: Process[], running: Running, ports: Ports) => unknown,
) {
  let output = '';
  await withFolder(async (start, ports) => {
    const running = start(ports, command);
    await untilReady(running);
    const all = tree(running.process.pid as number);
    await end(all, running, ports);
    const left = () => processes().filter(({ pid }) => all.some((one) => one.pid === pid));
    await until('no process is left', () => left().length === 0, 60_000).catch((failure) => {
      for (const { pid } of left()) process.kill(pid, 'SIGKILL');
      throw failure;
    });
    for (const [name, port] of Object.entries(ports)) {
      if (!(await isFree(port))) throw new Error(`the port of ${name} is left`);
    }
    output = running.output();
  });
  return output;
}

const npmDev = ['npm', 'run', 'dev'];
const signals: [command: string[], signals: NodeJS.Signals[]][] = [
  [npmStart, ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL']],
  [npmDev, ['SIGTERM', 'SIGKILL']],
];
for (const [command, each] of signals) {
  for (const signal of each) {
    testOnLinux(`${signal} to \`${command.join(' ')}\` ends all it started, in order`, async (t) => {
      const output = await leavesNothing(command, (all) => process.kill(find(all, npm), signal));
      t.regex(output, inOrder);
    });
  }
}

testOnLinux('`timeout`, which signals npm and its whole group, ends all in order', async (t) => {
  const output = await leavesNothing(['timeout', '60', ...npmStart], (_, running) => {
    running.process.kill('SIGTERM');
  });
  t.regex(output, inOrder);
});

testOnLinux('Ctrl+C in a terminal, which comes from there and from npm, ends all in order', async (t) => {
  const output = await leavesNothing(inTerminal, (_, running) => {
    running.process.stdin?.write('\x03');
  });
  t.regex(output, inOrder);
});

testOnLinux('a terminal that is closed takes all with it', async (t) => {
  await leavesNothing(inTerminal, (_, running) => running.process.kill('SIGKILL'));
  t.pass();
});

testOnLinux('a reader of its output that goes away ends all with the next line', async (t) => {
  await leavesNothing(npmStart, async (_, { process: { stdout } }, ports) => {
    const closed = stdout && once(stdout, 'close');
    stdout?.destroy();
    await closed;
    await fetch(`http://127.0.0.1:${ports.gateway}/users/users`).catch(() => 'it has ended by then');
  });
  t.pass();
});

testOnLinux('SIGKILL to the process that runs everything leaves nothing of it', async (t) => {
  await leavesNothing(npmStart, (all) => process.kill(find(all, itself), 'SIGKILL'));
  t.pass();
});

testOnLinux('a signal while everything starts leaves nothing, and is no failure', async (t) => {
  await withFolder(async (start, ports) => {
    // A signal that is held up comes when all has started, and is sent once more.
    const running = await until(
      'a signal comes while everything starts',
      async () => {
        const starting = start(ports, npmStart);
        await until('Redis has started', () => /redis +Ready/.test(starting.output()));
        starting.process.kill('SIGTERM');
        await starting.ended;
        return !/Ready after/.test(starting.output()) && starting;
      },
      90_000,
    );
    t.is(await running.ended, 0, running.output());
    t.regex(running.output(), /Stopping; the data is kept/);
    t.notRegex(running.output(), /did not start|Ready after/);
    for (const port of Object.values(ports)) t.true(await isFree(port));
  });
});

testOnLinux('a second Ctrl+C ends at once what does not stop, and leaves nothing of it', async (t) => {
  await withFolder(async (start, ports) => {
    const running = start(ports, nodeStart);
    await untilReady(running);
    const all = tree(running.process.pid as number);
    process.kill(find(all, /task-service\/src\/main/), 'SIGSTOP');
    running.process.kill('SIGINT');
    await until('it stops', () => /Stopping; the data is kept/.test(running.output()));
    await until('it is asked again and ends', () => {
      running.process.kill('SIGINT');
      return running.process.exitCode !== null;
    });
    t.is(await running.ended, 1);
    const left = () => processes().filter(({ pid }) => all.some((one) => one.pid === pid));
    await until('what was killed is gone', () => left().length === 0);
    for (const port of Object.values(ports)) t.true(await isFree(port));
  });
});
