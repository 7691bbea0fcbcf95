import type { Middleware } from 'koa';
import { Failure } from '../failure.ts';
import type { AppPart } from '../http/app.ts';
import type { Problems } from '../http/problems.ts';
import type { Endpoint } from '../http/route.ts';
import type { RequestState } from '../telemetry/request-state.ts';

const ownNames = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const reading = new Set(['GET', 'HEAD']);

/**
 * Lets through what a person or program on this machine asks for, and nothing that a page of another site makes a
 * browser ask for: by another name of this machine (DNS rebinding), from another origin, or, if it changes
 * something, without the header that such a page cannot send. Fails with `forbidden`.
 */
const ownMachineOnly: Middleware<RequestState> = (ctx, next) => {
  const host = ctx.get('Host');
  const origin = ctx.get('Origin');
  const site = ctx.get('Sec-Fetch-Site');
  if (!ownNames.test(host)) throw forbidden('Ask for localhost, 127.0.0.1 or [::1].');
  if ((origin !== '' && origin !== `http://${host}`) || !['', 'same-origin', 'none'].includes(site)) {
    throw forbidden('Pages of other sites may not use this.');
  }
  if (!reading.has(ctx.method) && ctx.get('X-Operator') !== 'console') {
    throw forbidden('What changes something needs the header X-Operator: console.');
  }
  return next();
};

const forbidden = (detail: string) => new Failure('forbidden', detail);

/** Routes for operators, and what ends the work behind them; call it before the server stops. */
export interface OperatorRoutes extends AppPart {
  stop(): void;
}

/** The problems that routes for who works on this machine answer with. */
export const guardProblems: Problems = { forbidden: [403, 'Forbidden'] };

/** Routes for who works on this machine. What only reads is asked again and again by the console, and so is quiet. */
export const onOwnMachine = (routes: Endpoint[]): Endpoint[] =>
  routes.map((route) => ({
    ...route,
    quiet: route.method === 'get',
    handle: (ctx, collaborators) => ownMachineOnly(ctx, async () => route.handle(ctx, collaborators)),
  }));
