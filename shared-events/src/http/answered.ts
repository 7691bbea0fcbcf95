import type { AppContext } from './app.ts';

/** A signal that aborts when the answer is complete or its client is gone: what works for it can end then. */
export function answered(ctx: AppContext): AbortSignal {
  const controller = new AbortController();
  if (ctx.res.closed) controller.abort();
  else ctx.res.once('close', () => controller.abort());
  return controller.signal;
}
