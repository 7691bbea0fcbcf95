import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Answer } from '../stack/api.ts';

/** No answer may take longer, in milliseconds. */
const readTimeout = 5000;

/** A request that is written as it stands, whatever HTTP says of it. */
export interface WireRequest {
  method?: string;
  path?: string | Buffer;
  /**
   * In this order, after Host and `Connection: close`; a header of the same name replaces those, and null omits them.
   */
  headers?: [name: string, value: string | Buffer | null][];
  /** Comes with a Content-Type and a Content-Length, unless `headers` say otherwise. */
  body?: string | Buffer;
}

/** The bytes of a request. */
export function bytesOf({ method = 'GET', path = '/', headers = [], body }: WireRequest): Buffer {
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  const usual: [string, string][] = [
    ['Host', 'localhost'],
    ['Connection', 'close'],
  ];
  if (body !== undefined) {
    usual.push(['Content-Type', 'application/json'], ['Content-Length', String(Buffer.byteLength(body))]);
  }
  const lines = [...usual.filter(([name]) => !own.has(name.toLowerCase())), ...headers]
    .filter(([, value]) => value !== null)
    .map(([name, value]) => Buffer.concat([Buffer.from(`${name}: `), Buffer.from(value as string), crlf]));
  const first = [Buffer.from(`${method} `), Buffer.from(path), Buffer.from(' HTTP/1.1\r\n')];
  return Buffer.concat([...first, ...lines, crlf, Buffer.from(body ?? '')]);
}

const crlf = Buffer.from('\r\n');

/** A connection to a port of this machine, from one of its loopback addresses. One that is reset is merely closed. */
export async function open(port: number, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** All bytes, each as a character, that come until the other side ends or resets; fails after `within` milliseconds. */
export async function readAll(socket: Socket, within = readTimeout): Promise<string> {
  const pieces: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`not closed within ${within} ms: ${text()}`)), within);
  const text = () => Buffer.concat(pieces).toString('latin1');
  socket.on('data', (piece) => pieces.push(piece)).on('close', () => resolve());
  if (socket.closed) resolve();
  try {
    await promise;
    return text();
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

/** Sends bytes as they are and gives all that comes back until the other side closes. */
export async function exchange(port: number, bytes: string | Buffer, from?: string): Promise<string> {
  const socket = await open(port, from);
  socket.write(bytes);
  return readAll(socket);
}

/** The status of each answer in what came back, in order. */
export const statuses = (received: string): number[] =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** Sends one request on a connection of its own, and gives its answer. */
export async function send(port: number, request: WireRequest, from?: string): Promise<Answer> {
  return readAnswer(await exchange(port, bytesOf(request), from));
}

/** The one answer in what came back. */
export function readAnswer(received: string): Answer {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`no answer: ${JSON.stringify(received.slice(0, 200))}`);
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const rest = received.slice(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? joinChunks(rest) : rest;
  const text = Buffer.from(body, 'latin1').toString();
  return { status: Number(first.split(' ')[1]), headers, text, json: <T>() => JSON.parse(text) as T };
}

function joinChunks(bytes: string): string {
  const pieces: string[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.slice(at, line), 16);
    if (!(size > 0)) return pieces.join('');
    pieces.push(bytes.slice(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
