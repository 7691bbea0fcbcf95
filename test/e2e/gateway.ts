import type { TestFn } from 'ava';
import { type Api, api, seed } from '../stack/api.ts';
import { startStack } from '../stack/stack.ts';
import { documented } from './documented.ts';

interface Gateway {
  url: string;
  api: Api;
  user: ReturnType<typeof seed>['user'];
  task: ReturnType<typeof seed>['task'];
}

/**
 * The gateway that a file of end-to-end tests goes through, each answer of which must be as described: at GATEWAY_URL
 * where that is set, else that of a stack of its own, with so many partitions.
 */
export function gatewayUnderTest(test: TestFn, partitions: number): Gateway {
  const given = process.env.GATEWAY_URL?.replace(/\/$/, '');
  const gateway = {} as Gateway;
  const use = (url: string) => {
    const client = documented(api(url));
    Object.assign(gateway, { url, api: client, ...seed(client) });
  };
  if (given) {
    use(given);
    return gateway;
  }
  let stop = async () => {};
  test.before(async () => {
    const stack = await startStack({ env: { PARTITIONS: String(partitions), LOG_LEVEL: 'warn' } });
    stop = stack.stop;
    use(stack.urls.gateway);
  });
  test.after.always(() => stop());
  return gateway;
}
