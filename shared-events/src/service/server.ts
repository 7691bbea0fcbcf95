import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Server {
  port: number;
  /** Stops accepting, lets requests under way finish, then closes. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Listens on a port (0 for any). Idle connections are kept longer than the gateway keeps them (60 s), so that it
 * never sends a request into one that is being closed.
 */
export async function listen(handler: RequestListener, port: number, host: string): Promise<Server> {
  let stopping: Promise<void> | undefined;
  const server = createServer(
    {
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      if (stopping) response.setHeader('Connection', 'close');
      handler(request, response);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopping ??= new Promise((resolve) => server.close(() => resolve()));
      return stopping;
    },
  };
}
