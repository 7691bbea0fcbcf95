import { watch } from 'node:fs';
import { join, relative } from 'node:path';
import type { Part } from './part.ts';
import { root } from './parts.ts';
import type { Stack } from './stack.ts';

type Say = (text: string) => void;

/** Restarts a service when its source, or what it shares, changes. */
export function restartOnChange({ userServices, taskServices }: Stack, say: Say): void {
  const sources: [folder: string, parts: Part[]][] = [
    ['user-service/src', userServices],
    ['task-service/src', taskServices],
    ['shared-events/src', [...userServices, ...taskServices]],
  ];
  const restart = restarter(say);
  for (const [folder, parts] of sources) {
    let pending: NodeJS.Timeout | undefined;
    watch(join(root, folder), { recursive: true }, (_, file) => {
      clearTimeout(pending);
      pending = setTimeout(() => {
        say(`${relative(root, join(root, folder, file ?? ''))} has changed; restarting`);
        for (const part of parts) restart(part);
      }, 100);
    });
  }
}

/** Restarts a part. What changes while that is under way restarts it once more after that. */
function restarter(say: Say): (part: Part) => Promise<void> {
  const underWay = new Map<Part, { again: boolean }>();
  return async function restart(part) {
    const before = underWay.get(part);
    if (before) {
      before.again = true;
      return;
    }
    const turn = { again: false };
    underWay.set(part, turn);
    try {
      await part.stop();
      await part.start();
    } catch (error) {
      if (!turn.again) say(`${(error as Error).message}\nWaiting for the next change.`);
    }
    underWay.delete(part);
    if (turn.again) await restart(part);
  };
}
