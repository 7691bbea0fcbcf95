import type { Registry } from 'prom-client';
import { Failure } from '../failure.ts';
import { answeredWith } from './describe.ts';
import type { Route } from './route.ts';
import { sendJson } from './send-json.ts';

/** Whether a service can serve. */
export interface Readiness {
  ready: boolean;
  /** The names of what is missing; of a service that is ready, of what is missing for some of what it serves. */
  missing: string[];
}

/** What the routes of every service ask. */
export interface CommonCollaborators {
  readiness(): Promise<Readiness>;
  /** The JSON text of the OpenAPI document of the service. */
  document: string;
  /** The figures that `GET /metrics` tells. */
  metrics: Registry;
}

/**
 * The routes that every service has beside its own.
 * @param service what their ids begin with
 */
export const commonRoutes = (service: string): Route<CommonCollaborators>[] => [
  {
    method: 'get',
    path: '/health',
    id: `${service}Health`,
    summary: 'Whether the process lives',
    quiet: true,
    untraced: true,
    answers: { 200: answeredWith.state('healthy', 'It lives, whatever Redis and the other service do.') },
    handle(ctx) {
      sendJson(ctx, '{"status":"healthy"}');
    },
  },
  {
    method: 'get',
    path: '/ready',
    id: `${service}Readiness`,
    summary: 'Whether the service can serve',
    quiet: true,
    untraced: true,
    answers: { 200: answeredWith.state('ready', 'All it needs is there.') },
    problems: ['not_ready'],
    async handle(ctx, { readiness }) {
      const { ready, missing } = await readiness();
      if (!ready) throw new Failure('not_ready', `Not ready: ${missing.join(', ')}.`);
      sendJson(ctx, JSON.stringify({ status: 'ready', ...(missing.length > 0 && { missing }) }));
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: `${service}Api`,
    summary: "The description of this service's API",
    answers: { 200: { description: 'An OpenAPI 3.1 document.', schema: { type: 'object' } } },
    handle(ctx, { document }) {
      sendJson(ctx, document);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    id: `${service}Metrics`,
    summary: 'Figures for Prometheus; the gateway does not lead here',
    type: 'text/plain',
    quiet: true,
    untraced: true,
    internal: true,
    answers: { 200: { description: 'Figures.', schema: { type: 'string' } } },
    async handle(ctx, { metrics }) {
      ctx.body = await metrics.metrics();
      ctx.type = metrics.contentType;
    },
  },
];
