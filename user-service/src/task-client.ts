import type { Origin } from 'shared-events';
import type { ServiceClient } from 'shared-events/http';
import { Failure } from 'shared-events/service';

export interface TaskClient {
  /**
   * The JSON array of a user's tasks, as the task service writes it, piece by piece. Fails with `upstream_…` codes
   * before the first piece; where the rest breaks off or is no array, the iteration fails. The signal ends both.
   */
  tasksOf(userId: string, origin: Origin, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
}

const wrong = (cause?: unknown) =>
  new Failure('upstream_failed', 'The task service gave no list of tasks.', { cause });

export const taskClient = (service: ServiceClient): TaskClient => ({
  async tasksOf(userId, origin, signal) {
    const { status, contentType, body } = await service.get(`/tasks?userId=${userId}`, origin, signal);
    if (status !== 200 || !contentType.startsWith('application/json')) {
      await body.dump();
      throw wrong(new Error(`status ${status}, ${contentType}`));
    }
    const pieces = body[Symbol.asyncIterator]();
    const first = await pieces.next().catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'UND_ERR_BODY_TIMEOUT' ? tooSlow(error) : wrong(error);
    });
    if (first.done || first.value[0] !== '['.charCodeAt(0)) throw wrong();
    return arrayFrom(first.value, { [Symbol.asyncIterator]: () => pieces });
  },
});

const tooSlow = (cause: unknown) =>
  new Failure('upstream_timeout', 'The task service did not answer in time.', { cause });

async function* arrayFrom(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let last = first;
  yield first;
  for await (const piece of rest) {
    last = piece;
    yield piece;
  }
  if (last.at(-1) !== ']'.charCodeAt(0)) throw wrong();
}
