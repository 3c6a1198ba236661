// An application that records each request as it came and answers it as the request's `x-answer` asks.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Of the request: how the app answers. JSON of this in `x-answer`. */
export interface AskedAnswer {
  readonly status: number;
  /** So often. */
  readonly times: number;
  readonly body: string;
  /** In chunks, with a length, or until the connection ends. */
  readonly framing: 'chunked' | 'length' | 'close';
  readonly trailers: boolean;
}

export interface ReceivedRequest {
  readonly version: string;
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

export interface FickleApp {
  readonly port: number;
  /** By the request's `x-id`. */
  readonly received: Map<string, ReceivedRequest>;
  close(): void;
}

export async function startFickleApp(): Promise<FickleApp> {
  const received = new Map<string, ReceivedRequest>();
  const server = createServer((request, response) => {
    void answer(request, response, received).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket) => {
    received.set(String(request.headers['x-id']), recorded(request, ''));
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  received: Map<string, ReceivedRequest>,
): Promise<void> {
  received.set(String(request.headers['x-id']), recorded(request, await text(request)));
  const asked = JSON.parse(String(request.headers['x-answer'] ?? '{"status":200}')) as Partial<AskedAnswer>;
  const { status = 200, times = 1, framing = 'length', trailers = false } = asked;
  const body = (asked.body ?? '').repeat(times);
  const bodyless = request.method === 'HEAD' || status === 204 || status === 304;
  const sendsTrailers = framing === 'chunked' && trailers && !bodyless;
  response.sendDate = false;
  response.statusCode = status;
  response.setHeader('x-app', ['one', 'two']);
  if (framing === 'length') response.setHeader('content-length', Buffer.byteLength(body));
  if (framing === 'close') {
    response.setHeader('connection', 'close');
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  if (sendsTrailers) response.setHeader('trailer', 'x-trailer');
  if (framing === 'chunked') response.flushHeaders();
  response.write(body);
  if (sendsTrailers) response.addTrailers({ 'x-trailer': 'last' });
  response.end();
}

function recorded(request: IncomingMessage, body: string): ReceivedRequest {
  const { httpVersion, method = '', url = '', rawHeaders, rawTrailers } = request;
  return { version: httpVersion, method, target: url, fields: rawHeaders, body, trailers: rawTrailers };
}
