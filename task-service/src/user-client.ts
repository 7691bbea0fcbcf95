import type { RequestContext } from 'shared-events';
import type { ServiceClient } from 'shared-events/http';
import { Failure } from 'shared-events/service';

export interface UserClient {
  /** Whether the user service knows a user. Fails if it gives no answer to that before the signal aborts. */
  exists(userId: string, context: RequestContext, signal: AbortSignal): Promise<boolean>;
}

export const userClient = (service: ServiceClient): UserClient => ({
  async exists(userId, context, signal) {
    const { status, body } = await service.get(`/users/${userId}`, context, signal);
    const text = await body.text();
    const answer: { id?: unknown; code?: unknown } = JSON.parse(text);
    if (status === 404 && answer.code === 'user_not_found') return false;
    if (status === 200 && answer.id === userId) return true;
    throw new Failure('upstream_failed', `The user service answered ${status}, but not the question.`);
  },
});
