import type { TestFn } from 'ava';
import { type Api, api, clientOf, seed } from '../stack/api.ts';
import { sharedStack, type World } from '../stack/world.ts';
import { documented } from './documented.ts';

interface Gateway extends ReturnType<typeof seed> {
  url: string;
  api: Api;
}

/** A client of a system's gateway, each answer of which must be as described. The system may be still to be started. */
export const documentedGateway = (world: World): Api =>
  documented(clientOf((...asked) => world.gateway.request(...asked)));

/**
 * The gateway that a file of end-to-end tests goes through, each answer of which must be as described: at GATEWAY_URL
 * where that is set, else that of a stack of its own, with so many partitions.
 */
export function gatewayUnderTest(test: TestFn, partitions: number): Gateway {
  const given = process.env.GATEWAY_URL?.replace(/\/$/, '');
  if (given) {
    const client = documented(api(given));
    return { url: given, api: client, ...seed(client) };
  }
  const world = sharedStack(test, { env: { PARTITIONS: String(partitions), LOG_LEVEL: 'warn' } });
  const client = documentedGateway(world);
  return {
    get url() {
      return world.stack.urls.gateway;
    },
    api: client,
    ...seed(client),
  };
}
