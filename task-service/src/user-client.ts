import type { Origin } from 'shared-events';
import type { ServiceClient } from 'shared-events/http';
import { Failure } from 'shared-events/service';

export interface UserClient {
  /** Whether the user service knows a user. Fails where it gives no answer to that before the signal aborts. */
  exists(userId: string, origin: Origin, signal: AbortSignal): Promise<boolean>;
}

export const userClient = (service: ServiceClient): UserClient => ({
  async exists(userId, origin, signal) {
    const { status, body } = await service.get(`/users/${userId}`, origin, signal);
    const text = await body.text();
    if (status === 404) return false;
    if (status === 200 && (JSON.parse(text) as { id?: unknown }).id === userId) return true;
    throw new Failure('upstream_failed', 'The user service gave no user.');
  },
});
