import type { AppContext } from './context.ts';

/**
 * Returns a signal that aborts when the client leaves before the answer is complete: what works for it can end then.
 */
export function clientGone({ res }: AppContext): AbortSignal {
  const controller = new AbortController();
  const note = () => {
    if (!res.writableFinished) controller.abort();
  };
  if (res.closed) note();
  else res.once('close', note);
  return controller.signal;
}
