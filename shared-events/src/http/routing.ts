import { METHODS } from 'node:http';
import Router, { type RouterContext } from '@koa/router';
import type { AppContext } from './context.ts';
import type { Endpoint, RouteContext } from './route.ts';

/** Routes that are answered with these collaborators. */
export const bind = <Collaborators>(
  routes: Endpoint<Collaborators>[],
  collaborators: Collaborators,
): Endpoint[] => routes.map((route) => ({ ...route, handle: (ctx) => route.handle(ctx, collaborators) }));

const options = { strict: true, sensitive: true, methods: METHODS };

/** What a pattern or path begins with: `things` for `/things/:id`. */
function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path.slice(1) : path.slice(1, end);
}

/**
 * Returns what finds the route of a request and notes it in its state, and what answers a request for which there is
 * none with the methods that its path has. The patterns of all routes begin with a literal segment: a router tries each
 * of its patterns in turn, so there is one for each first segment.
 */
export function routing(routes: Endpoint[]) {
  const routers = new Map<string, Router>();
  const routeOf = new Map<unknown, Endpoint>();
  for (const route of routes) {
    const segment = firstSegment(route.path);
    const router = routers.get(segment) ?? new Router(options);
    routers.set(segment, router);
    routeOf.set(
      router.register(route.path, [route.method], () => undefined),
      route,
    );
  }

  function findRoute(ctx: AppContext): Endpoint | undefined {
    const found = routers.get(firstSegment(ctx.path))?.match(ctx.path, ctx.method);
    // What `allowedMethods` goes by.
    (ctx as RouterContext).matched = found?.path ?? [];
    const layer = found?.pathAndMethod.at(-1);
    if (layer === undefined) return undefined;
    (ctx as RouteContext).params = layer.params(ctx.path, layer.captures(ctx.path));
    const route = routeOf.get(layer);
    ctx.state.route = route;
    return route;
  }

  const allowedMethods = new Router(options).allowedMethods();
  const nothing = async () => undefined;
  const tellMethods = (ctx: AppContext) => allowedMethods(ctx as RouterContext, nothing);

  return { findRoute, tellMethods };
}
