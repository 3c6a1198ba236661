// Serves gRPC on an address: plaintext, TLS, or a Unix socket; stops gracefully with a deadline.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ListenOptions, Socket } from 'node:net';
import { formatSocketAddress, type SocketAddress } from '@meltemi/base';
import { GrpcCall } from './grpc-call.ts';
import { type GrpcService, type ServedMethod, servedMethods } from './grpc-handlers.ts';
import { STATUS, statusTrailers } from './grpc-status.ts';
import { keepAlive } from './keep-alive.ts';
import { type GrpcServerTls, secureContext, type ServingPair } from './serving-credentials.ts';

/** `path` for a Unix socket, else host and port (0: any free one). */
export type GrpcAddress = SocketAddress | { readonly path: string };

export interface GrpcServerOptions {
  readonly address: GrpcAddress;
  readonly tls?: GrpcServerTls;
  readonly services: readonly GrpcService[];
}

export interface RunningGrpcServer {
  /** The bound port; 0 for a Unix socket. */
  readonly port: number;
  /** New TLS connections get this certificate, and show one that chains to these roots, if given; those that are open go on. */
  renew(pair: ServingPair, clientRoots?: string): void;
  /** Lets calls end, and cuts them off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** So many may connect at once: all the proxies of a mesh, when a control plane comes back. */
const BACKLOG = 4096;
const MAX_RECEIVE_BYTES = 4 * 1024 * 1024;
/** MiB that Node lets a connection hold before it refuses new streams: responses that wait for a slow receiver count too. */
const MAX_SESSION_MEMORY_MIB = 16 * 1024;

/** Binds and serves. Rejects when the address can't be bound. Largest message received: 4 MiB; keepalive 30 s + 20 s. */
export async function serveGrpc({ address, tls, services }: GrpcServerOptions): Promise<RunningGrpcServer> {
  let clientRoots = tls?.clientRoots;
  const server = http2Server(tls);
  const open = connectionsOf(server);
  const methods = servedMethods(services);
  server.on('stream', (stream, headers) => serveCall(stream, headers, methods));
  const port = await listen(server, address);
  // A connection that cannot be taken harms no other.
  server.on('error', () => {});
  return {
    port,
    renew: (pair, roots = clientRoots) => {
      clientRoots = roots;
      if ('setSecureContext' in server) server.setSecureContext(secureContext(pair, roots));
    },
    close: (graceMs) => stop(server, open, graceMs),
  };
}

/** The grpc-js target name of an address. */
export function target(address: GrpcAddress): string {
  return 'path' in address ? `unix:${address.path}` : formatSocketAddress(address);
}

/** A client may show a certificate; whether it chains to the client roots is the call's to check. */
function http2Server(tls: GrpcServerTls | undefined): Http2Server | Http2SecureServer {
  const options = { maxSessionMemory: MAX_SESSION_MEMORY_MIB };
  if (!tls) return createServer(options);
  const requested = { requestCert: tls.clientRoots !== undefined, rejectUnauthorized: false };
  return createSecureServer({ ...options, ...requested, ...secureContext(tls, tls.clientRoots) });
}

interface OpenConnections {
  readonly sockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

function connectionsOf(server: Http2Server | Http2SecureServer): OpenConnections {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // What is wrong with a connection shows in the end of its calls.
    session.on('error', () => {});
    keepAlive(session);
  });
  return { sockets, sessions };
}

function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, ServedMethod>,
): void {
  // Given up before anybody could look at it.
  if (stream.destroyed || stream.closed) return;
  const path = headers[':path'] ?? '';
  if (!headers['content-type']?.startsWith('application/grpc')) {
    stream.respond({ ':status': 415 }, { endStream: true });
    return;
  }
  const method = methods.get(path);
  if (method) {
    const { definition } = method;
    return method.serve(new GrpcCall({ stream, headers, method: definition, maxReceiveBytes: MAX_RECEIVE_BYTES }));
  }
  const status = statusTrailers({ code: STATUS.UNIMPLEMENTED, details: `there is no method ${path}` });
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...status }, { endStream: true });
}

async function listen(server: Http2Server | Http2SecureServer, address: GrpcAddress): Promise<number> {
  const place = 'path' in address ? { path: address.path } : { host: address.host, port: address.port };
  const options: ListenOptions = { ...place, backlog: BACKLOG };
  server.listen(options);
  // Rejects with an error event.
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

/** New calls are refused at once. */
async function stop(
  server: Http2Server | Http2SecureServer,
  { sockets, sessions }: OpenConnections,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  const force = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(force);
}
