import type { AnyObject, ObjectSchema } from 'yup';
import type { RequestedRoute } from '../telemetry/request-state.ts';
import type { AppContext } from './context.ts';
import type { Problems } from './problems.ts';

// A route is plain data beside the function that answers it. What routes requests and what describes them read both.

/** A schema in JSON Schema 2020-12, which is also that of OpenAPI 3.1. */
export interface JsonSchema {
  [keyword: string]: unknown;
}

/** An object schema of yup, as far as its document needs it. */
export type Describable = Pick<ObjectSchema<AnyObject>, 'describe'>;

/** A request whose route is known, with the parameters of its path. */
export type RouteContext = AppContext & { params: Record<string, string> };

/** What answers the requests of one method to the paths of one pattern. */
export interface Endpoint<Collaborators = undefined> extends RequestedRoute {
  method: 'get' | 'post' | 'put' | 'delete';
  /** Answers a request. What it throws is answered as a problem. */
  handle(ctx: RouteContext, collaborators: Collaborators): unknown;
}

/** An answer that is no problem. */
export interface Answer {
  description: string;
  /** The headers beside those of every answer, each with an example. */
  headers?: Record<string, string>;
  /** The body's schema; no body if left out. */
  schema?: JsonSchema;
  example?: unknown;
}

/** What the document of an API says of a route. */
export interface Description {
  /** Unique among the routes of a service. */
  id: string;
  summary: string;
  description?: string;
  /** The parameters beside those of every request and those of the query; see `parameters`. */
  parameters?: JsonSchema[];
  query?: { schema: Describable; about: Record<string, { description: string; example: unknown }> };
  /** The body: its schema, which is one of the API's, and examples by name. */
  body?: { schema: Describable; examples: Record<string, object> };
  answers: Record<number, Answer>;
  /** The codes of the problems it may answer with, beside those of every route. */
  problems?: string[];
  /** Whether it is there at the service's own port alone. */
  internal?: boolean;
}

/** A route with what its document says of it. */
export interface Route<Collaborators> extends Endpoint<Collaborators>, Description {}

/** All that a service answers: its document is made of it, and with collaborators it is what the service runs. */
export interface Api<Collaborators> {
  /** What the ids of those routes begin with that every service has. */
  name: string;
  title: string;
  description: string;
  /** Where the paths begin. */
  servers: { url: string; description: string }[];
  /** What all its routes are listed under. */
  tag: { name: string; description: string };
  /** The schemas that its routes refer to, by name. */
  schemas: Record<string, Describable | JsonSchema>;
  /** The problems beside those of every service. */
  problems: Problems;
  routes: Route<Collaborators>[];
}
