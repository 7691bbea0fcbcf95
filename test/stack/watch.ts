import { watch } from 'node:fs';
import { join, relative } from 'node:path';
import type { Part } from './part.ts';
import { root } from './parts.ts';
import type { Stack } from './stack.ts';

type Say = (text: string) => void;

/** Restarts a service when its source, or what it shares, changes. */
export function restartOnChange({ users, tasks }: Stack, say: Say): void {
  const sources: [folder: string, parts: Part[]][] = [
    ['user-service/src', [users]],
    ['task-service/src', [tasks]],
    ['shared-events/src', [users, tasks]],
  ];
  for (const [folder, parts] of sources) {
    let pending: NodeJS.Timeout | undefined;
    watch(join(root, folder), { recursive: true }, (_, file) => {
      clearTimeout(pending);
      pending = setTimeout(async () => {
        say(`${relative(root, join(root, folder, file ?? ''))} has changed; restarting`);
        for (const part of parts) await restart(part, say);
      }, 100);
    });
  }
}

async function restart(part: Part, say: Say): Promise<void> {
  try {
    await part.stop();
    await part.start();
  } catch (error) {
    say(`${(error as Error).message}\nWaiting for the next change.`);
  }
}
