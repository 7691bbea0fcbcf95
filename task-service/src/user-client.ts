import type { RequestContext } from 'shared-events';
import type { ServiceClient } from 'shared-events/http';
import { Failure } from 'shared-events/service';

export interface UserClient {
  /**
   * Resolves to the version of a user whom the user service knows, the empty string if it does not tell one, and to
   * nothing if it does not know the user. Fails if it gives no answer to that before the signal aborts.
   */
  versionOf(userId: string, context: RequestContext, signal: AbortSignal): Promise<string | undefined>;
}

export const userClient = (service: ServiceClient): UserClient => ({
  async versionOf(userId, context, signal) {
    const { status, etag, body } = await service.get(`/users/${userId}`, context, signal);
    const text = await body.text();
    const answer: { id?: unknown; code?: unknown } = JSON.parse(text);
    if (status === 404 && answer.code === 'user_not_found') return undefined;
    if (status === 200 && answer.id === userId) return /^"(\d{1,20}-\d{1,20})"$/.exec(etag)?.[1] ?? '';
    throw new Failure('upstream_failed', `The user service answered ${status}, but not the question.`);
  },
});
