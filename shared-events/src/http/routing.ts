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

/**
 * Returns what finds the route of a request, for all that want to know it; what answers by it, which must come later; and
 * what tells which methods a path has. The router is asked once for each request.
 */
export function routing(routes: Endpoint[]) {
  const router = new Router<RequestState>({ strict: true, sensitive: true, methods: METHODS });
  for (const { method, path } of routes) router.register(path, [method], () => undefined);
  const routeOf = new Map(router.stack.map((layer, at) => [layer, routes[at]]));
  const found = new WeakMap<object, Endpoint>();

  const findRoute: Middleware<RequestState> = (ctx, next) => {
    const { path, pathAndMethod } = router.match(ctx.path, ctx.method);
    const layer = pathAndMethod.at(-1);
    const route = layer && routeOf.get(layer);
    // `allowedMethods` goes by these.
    Object.assign(ctx, { matched: path });
    if (layer && route) {
      ctx.state.route = route;
      Object.assign(ctx, { params: layer.params(ctx.path, layer.captures(ctx.path)) });
      found.set(ctx, route);
    }
    return next();
  };

  const answer: Middleware<RequestState> = async (ctx, next) => {
    const route = found.get(ctx);
    if (route) await route.handle(ctx as RouteContext, undefined);
    else await next();
  };

  return { findRoute, answer, allowedMethods: router.allowedMethods() };
}
