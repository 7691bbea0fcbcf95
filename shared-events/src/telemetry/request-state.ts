import type { RequestContext } from '../events/entry.ts';

/** What is known of a request while it is answered, in the state of its Koa context. */
export interface RequestState {
  context: RequestContext;
  /** The route it is for; nothing if no route has its path and method. */
  route?: RequestedRoute | undefined;
  /** The code of the problem it is answered with. */
  code?: string;
}

export interface RequestedRoute {
  /** The pattern of its paths, such as `/things/:id`. */
  path: string;
  /** The media type of its answers that are no problems; application/json if left out. */
  type?: string;
  /** Whether it is asked again and again and changes nothing: its requests are logged at level debug. */
  quiet?: boolean;
  /** Whether its requests are no spans. */
  untraced?: boolean;
}
