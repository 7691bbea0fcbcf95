import type { RequestContext } from 'shared-events';
import type { ServiceClient } from 'shared-events/http';
import { Failure } from 'shared-events/service';

export interface TaskClient {
  /**
   * The JSON array of a user's tasks, as the task service writes it, piece by piece. Fails with `upstream_…` codes,
   * also if the rest breaks off or is no array. The signal ends it.
   */
  tasksOf(userId: string, context: RequestContext, signal: AbortSignal): AsyncIterable<Buffer>;
}

const wrong = (cause?: unknown) =>
  new Failure('upstream_failed', 'The task service gave no list of tasks.', { cause });

const tooSlow = (cause: unknown) =>
  new Failure('upstream_timeout', 'The task service did not answer in time.', { cause });

export const taskClient = (service: ServiceClient): TaskClient => ({
  async *tasksOf(userId, context, signal) {
    const { status, contentType, body } = await service.get(`/tasks?userId=${userId}`, context, signal);
    if (status !== 200 || !contentType.startsWith('application/json')) {
      await body.dump();
      throw wrong(new Error(`status ${status}, ${contentType}`));
    }
    let last: Buffer | undefined;
    for await (const piece of readOn(body, signal)) {
      if (last === undefined && piece[0] !== '['.charCodeAt(0)) throw wrong();
      last = piece;
      yield piece;
    }
    if (last?.at(-1) !== ']'.charCodeAt(0)) throw wrong();
  },
});

/**
 * The pieces of a body; if reading them fails, and not because the client has left, it is the task service's doing.
 */
async function* readOn(body: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    if (signal.aborted) throw error;
    throw (error as NodeJS.ErrnoException).code === 'UND_ERR_BODY_TIMEOUT' ? tooSlow(error) : wrong(error);
  }
}
