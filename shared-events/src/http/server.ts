import { createServer, type Server as HttpServer, type RequestListener, STATUS_CODES } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contextHeaders, readContext } from './context.ts';
import { type Problem, problemBody, problems } from './problems.ts';

export interface Server {
  port: number;
  /**
   * Stops accepting, finishes what is under way and what still comes on kept connections, and waits for their clients
   * to close them. Closes what is still idle after two seconds, and cuts off all that is left after seven.
   */
  stop(): Promise<void>;
}

/**
 * How long clients have to close their idle connections when the server stops, in milliseconds; they take one second.
 */
const idleDeadline = 2000;
/** How long requests under way may take to finish when the server stops, in milliseconds. */
const finishDeadline = 7000;

/** The most bytes of a request's head: more than the gateway lets through, so that it is the gateway that refuses. */
const maxHeaderSize = 32 * 1024;

/**
 * The most turns that are waited for connections to be accepted when the server stops, so that a flood cannot hold it
 * up.
 */
const acceptTurns = 200;

/**
 * Listens on a port. Idle connections are kept for 75 s, much longer than the gateway and the other service keep them
 * (1 s): always the client closes, so that none sends a request into a connection that is being closed.
 */
export async function listen(handler: RequestListener, port: number, host: string): Promise<Server> {
  let stopping: Promise<void> | undefined;
  const server = createServer(
    {
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize,
    },
    (request, response) => {
      if (stopping) response.setHeader('Connection', 'close');
      handler(request, response);
    },
  );
  // The size is limit enough; beyond a number, Node would leave headers out without a word, If-Match among them.
  server.maxHeadersCount = 0;
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });

  async function stop(): Promise<void> {
    const timers = [
      setTimeout(() => server.closeIdleConnections(), idleDeadline),
      setTimeout(() => server.closeAllConnections(), finishDeadline),
    ];
    await acceptWaiting(server);
    await new Promise<void>((resolve) => closeListener(server, resolve));
    for (const timer of timers) clearTimeout(timer);
  }

  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/**
 * Takes the connections that wait to be accepted, of which Node takes one each turn: the system resets those that are
 * left when the listener closes. One that comes at that very moment is reset all the same.
 */
async function acceptWaiting(server: HttpServer): Promise<void> {
  let accepted = true;
  const note = () => {
    accepted = true;
  };
  server.on('connection', note);
  for (let turn = 0; accepted && turn < acceptTurns; turn++) {
    accepted = false;
    // The first may end before the system was asked again.
    await nextTurn();
    await nextTurn();
  }
  server.off('connection', note);
}

/**
 * Stops accepting and calls back when the last connection is gone. An HTTP server's own `close` also closes idle
 * connections at once, and with them the requests that are on their way into one: to a gateway those are 502s.
 */
const closeListener = (server: HttpServer, done: () => void) => NetServer.prototype.close.call(server, done);

const refusals: Record<string, keyof typeof problems> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_INVALID_METHOD: 'not_implemented',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What Node tells of a request that it could not read: the code, and the bytes as they came. */
interface ReadError extends NodeJS.ErrnoException {
  rawPacket?: Buffer;
}

/** Answers what could not be read as a request, as a problem like any other. */
function refuse(error: ReadError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const context = readContext({
    'x-request-id': headerIn(error.rawPacket, 'x-request-id'),
    traceparent: headerIn(error.rawPacket, 'traceparent'),
  });
  const code = refusals[error.code ?? ''] ?? 'bad_request';
  const meaning: Problem = problems[code];
  const [status] = meaning;
  const body = problemBody({ code, detail: 'This cannot be read as a request.' }, meaning, context.request);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(contextHeaders(context)).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A header of a request that could not be read, if its line is there in full. */
const headerIn = (bytes: Buffer | undefined, name: string): string =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(bytes?.toString('latin1') ?? '')?.[1] ?? '';
