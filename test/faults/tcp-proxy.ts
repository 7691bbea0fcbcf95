import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** From now on, requests are delivered, but the first reply to each connection is swallowed and the connection cut. */
  loseReplies(): void;
  /** From now on, nothing is delivered in either direction, and no connection is cut. */
  blackHole(): void;
  /** Passes everything on again; connections that lost something are cut. */
  heal(): void;
  close(): Promise<void>;
}

/** A proxy between two parts of the stack that loses what a network can lose. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  let mode: 'pass' | 'lose replies' | 'black hole' = 'pass';
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (data) => {
      if (mode !== 'black hole') upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (mode === 'pass') client.write(data);
      else if (mode === 'lose replies') client.resetAndDestroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    loseReplies: () => {
      mode = 'lose replies';
    },
    blackHole: () => {
      mode = 'black hole';
    },
    heal: () => {
      mode = 'pass';
      cut();
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
