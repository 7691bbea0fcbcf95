/**
 * Waits for a reply, but fails with the signal's reason as soon as that aborts. A blocking read needs it: ioredis leaves
 * the reply open if the connection is given up while it is being made anew.
 */
export async function unlessAborted<T>(signal: AbortSignal, reply: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', giveUp);
  try {
    return await Promise.race([reply, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
