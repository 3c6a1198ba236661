// The application behind the sidecars: echoes by HTTP/1.1, WebSocket's upgrade, gRPC and TCP, and fails where it is asked to.
import { Server as GrpcServer, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Application {
  readonly http: number;
  readonly grpc: number;
  readonly tcp: number;
  /** Mirrored requests that came. */
  shadows(): number;
  close(): Promise<void>;
}

export const ECHO_METHOD = '/soak.Echo/Stream';
/** So many answers of 503 before the 200 of a key of `/flaky`. */
const FAILURES = 2;

const bytes = (value: Buffer) => value;

export async function startApplication(): Promise<Application> {
  let shadows = 0;
  const failed = new Map<string, number>();
  const http = createServer((request, response) => {
    if (request.headers.host?.includes('-shadow')) shadows++;
    if (request.url!.startsWith('/flaky')) return answerFlaky(request, response, failed);
    echo(request, response);
  });
  // Longer than the sidecar keeps a connection: the application never closes one under a request.
  http.keepAliveTimeout = 3_600_000;
  http.on('upgrade', acceptUpgrade);
  const tcp = createTcpServer({ allowHalfOpen: true }, echoBytes);
  const grpc = grpcEcho();
  await Promise.all([once(http.listen(0, '127.0.0.1'), 'listening'), once(tcp.listen(0, '127.0.0.1'), 'listening')]);
  const grpcPort = await new Promise<number>((resolve, reject) => {
    const ready = (error: Error | null, port: number) => (error ? reject(error) : resolve(port));
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), ready);
  });
  return {
    http: (http.address() as AddressInfo).port,
    tcp: (tcp.address() as AddressInfo).port,
    grpc: grpcPort,
    shadows: () => shadows,
    async close() {
      grpc.forceShutdown();
      http.closeAllConnections();
      await Promise.all([once(http.close(), 'close'), once(tcp.close(), 'close')]);
    },
  };
}

/** `GET /…?bytes=N`: so many bytes; with a body: the body. Both with what was asked for in `x-path`. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {});
  const wanted = /[?&]bytes=(\d+)/.exec(request.url!)?.[1];
  response.setHeader('x-path', request.url!);
  if (wanted !== undefined) {
    request.resume();
    response.end(Buffer.alloc(Number(wanted), 'soak'));
    return;
  }
  request.pipe(response);
}

function answerFlaky(request: IncomingMessage, response: ServerResponse, failed: Map<string, number>): void {
  request.resume();
  const key = request.url!;
  const before = failed.get(key) ?? 0;
  if (before < FAILURES) {
    failed.set(key, before + 1);
    response.writeHead(503).end('not yet');
    return;
  }
  failed.delete(key);
  response.writeHead(200, { 'x-path': key }).end('at last');
}

function acceptUpgrade(_request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
}

function echoBytes(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

function grpcEcho(): GrpcServer {
  const server = new GrpcServer();
  const method = {
    path: ECHO_METHOD,
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  } as const;
  const stream = (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on('error', () => {});
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  server.addService({ Stream: method }, { Stream: stream });
  return server;
}
