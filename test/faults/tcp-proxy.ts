import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../stack/ports.ts';

/** One connection through the proxy: to whoever asks, and to whoever answers. */
interface Link {
  client: Socket;
  target: Socket;
}

/** What becomes of the pieces of a connection, by direction. */
interface Mode {
  request(piece: Buffer, link: Link): unknown;
  reply(piece: Buffer, link: Link): unknown;
}

export interface TcpProxy {
  port: number;
  /** Requests are delivered, but the first reply to each connection is swallowed and the connection cut. */
  loseReplies(): void;
  /** The first request of each connection is swallowed and the connection cut. */
  loseRequests(): void;
  /**
   * Nothing is delivered in either direction, and no connection is cut.
   * @param from the addresses of which this is so; all when left out
   */
  blackHole(from?: string[]): void;
  /** Each piece arrives so many milliseconds late, in order. */
  slow(ms: number): void;
  /** Cuts every connection, and each new one as soon as it is made. */
  refuse(): void;
  /** Answers every request with this text in the target's stead. */
  answer(text: string): void;
  /**
   * The next request that holds this text is kept back, with all that follows it on its connection: `act` gets what
   * delivers them, and the request. Other connections pass.
   */
  holdRequest(text: string, act: (deliver: () => void, request: string) => void): void;
  /** The next request that holds this text is delivered, and `act` is called in place of its reply. */
  holdReply(text: string, act: () => void): void;
  /** Cuts every connection once. */
  reset(): void;
  /** Passes everything on again; connections that lost something are cut. */
  heal(): void;
  close(): Promise<void>;
}

const passing: Mode = {
  request: (piece, { target }) => target.write(piece),
  reply: (piece, { client }) => client.write(piece),
};

/**
 * Cuts a connection as a network does. One that is being made or ended is only closed: a reset of it fails, and Node then
 * waits for it for ever when the process ends.
 */
function cutOff(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** A proxy between two parts of the stack that does what a network can do. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  let mode = passing;
  let refusing = false;
  /** The connections that lost something, where the others did not. */
  let silenced: Set<Link> | undefined;
  const sockets = new Set<Socket>();
  const port = await freePort();

  const server = createServer((client) => {
    if (refusing) return cutOff(client);
    const link: Link = { client, target: connect(target, '127.0.0.1') };
    for (const [one, other] of [
      [link.client, link.target],
      [link.target, link.client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    link.client.on('data', (piece) => mode.request(piece, link));
    link.target.on('data', (piece) => mode.reply(piece, link));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  const use = (next: Partial<Mode>): void => {
    mode = { ...passing, ...next };
  };
  const reset = () => {
    for (const socket of sockets) cutOff(socket);
  };
  const cut = (_: Buffer, { client }: Link) => cutOff(client);
  return {
    port,
    loseReplies: () => use({ reply: cut }),
    loseRequests: () => use({ request: cut }),
    blackHole(from) {
      silenced = from && new Set();
      const swallow = (link: Link) => silenced?.add(link);
      const isSilent = ({ client }: Link) => from?.includes(client.remoteAddress ?? '') ?? true;
      use({
        request: (piece, link) => (isSilent(link) ? swallow(link) : passing.request(piece, link)),
        reply: (piece, link) => (isSilent(link) ? swallow(link) : passing.reply(piece, link)),
      });
    },
    slow: (ms) =>
      use({
        request: (piece, link) => void setTimeout(passing.request, ms, piece, link),
        reply: (piece, link) => void setTimeout(passing.reply, ms, piece, link),
      }),
    refuse() {
      refusing = true;
      reset();
    },
    answer: (text) => use({ request: (_, { client }) => void client.end(text) }),
    holdRequest(text, act) {
      let held: Link | undefined;
      const pieces: Buffer[] = [];
      use({
        request(piece, link) {
          const first = held === undefined && piece.includes(text);
          if (first) held = link;
          if (held !== link) return passing.request(piece, link);
          pieces.push(piece);
          if (first) act(deliver, piece.toString());
        },
      });
      function deliver() {
        mode = passing;
        for (const piece of pieces) passing.request(piece, held as Link);
      }
    },
    holdReply: (text, act) =>
      use({
        request(piece, link) {
          passing.request(piece, link);
          if (!piece.includes(text)) return;
          use({
            reply(answer, of) {
              if (of !== link) return passing.reply(answer, of);
              mode = passing;
              act();
            },
          });
        },
      }),
    reset,
    heal() {
      const whole = mode === passing && !refusing;
      mode = passing;
      refusing = false;
      for (const { client } of silenced ?? []) cutOff(client);
      if (!whole && !silenced) reset();
      silenced = undefined;
    },
    async close() {
      reset();
      server.close();
      await once(server, 'close');
    },
  };
}
