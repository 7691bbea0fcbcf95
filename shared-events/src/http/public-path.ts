import type { AppContext } from './context.ts';

/** Returns a path of this service as the client sees it: behind the gateway with the prefix that the gateway strips. */
export function publicPath(ctx: AppContext, path: string): string {
  const prefix = ctx.get('X-Forwarded-Prefix');
  return /^\/[\w-]+$/.test(prefix) ? prefix + path : path;
}
