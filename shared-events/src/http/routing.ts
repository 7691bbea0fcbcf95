import { METHODS } from 'node:http';
import Router from '@koa/router';
import type { Middleware } from 'koa';
import type { RequestState } from '../telemetry/request-state.ts';
import type { Endpoint, RouteContext } from './route.ts';

/** Routes that are answered with these collaborators. */
export const bind = <Collaborators>(
  routes: Endpoint<Collaborators>[],
  collaborators: Collaborators,
): Endpoint[] => routes.map((route) => ({ ...route, handle: (ctx) => route.handle(ctx, collaborators) }));

/** The router of these routes, and what finds the route of a request before all else that wants to know it. */
export function routing(routes: Endpoint[]) {
  const router = new Router<RequestState>({ strict: true, sensitive: true, methods: METHODS });
  for (const { method, path, handle } of routes) {
    router.register(path, [method], (ctx) => handle(ctx as RouteContext, undefined));
  }
  const routeOf = new Map(router.stack.map((layer, at) => [layer, routes[at]]));

  const findRoute: Middleware<RequestState> = (ctx, next) => {
    const layer = router.match(ctx.path, ctx.method).pathAndMethod.at(-1);
    ctx.state.route = layer && routeOf.get(layer);
    return next();
  };
  return { router, findRoute };
}
