// A listening socket → a plaintext transport for each connection accepted.
import { createServer, type ListenOptions as NetListenOptions, type Server, Socket } from 'node:net';
import { writeSocketOption } from './socket-option.ts';
import { SocketTransport } from './socket-transport.ts';
import type { StreamHandle } from './stream-handle.ts';
import type { Transport, TransportAddress, TransportHandler } from './transport.ts';
import { TransportError } from './transport-error.ts';

export interface ListenOptions {
  /** Connections that wait to be accepted; default 511. */
  readonly backlog?: number;
  /** Several processes or threads share the port. */
  readonly reusePort?: boolean;
  /** An IPv6 socket takes no IPv4 clients. */
  readonly ipv6Only?: boolean;
  /** Set on the listening socket once it is open, and inherited by its connections. */
  readonly socketOptions?: readonly SocketOption[];
}

/** As setsockopt takes it. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
  readonly value: Uint8Array;
}

export interface ListeningSocket {
  /** Where it listens: the port chosen where 0 was asked for. */
  readonly address: TransportAddress;
  /** Stops accepting; connections made live on. */
  close(): Promise<void>;
}

/** Listens; `onConnection` must set the transport's handler. Rejects with `TransportError` `ADDRESS_IN_USE`. */
export function listen(
  address: TransportAddress,
  { socketOptions = [], ...options }: ListenOptions,
  onConnection: (transport: Transport) => void,
): Promise<ListeningSocket> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(address, error)));
    server.listen({ ...address, ...options } as NetListenOptions, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      acceptHandles(server, (handle) => accept(handle, onConnection));
      try {
        for (const { level, name, value } of socketOptions) writeSocketOption(listeningFd(server), level, name, value);
      } catch (error) {
        void closeServer(server);
        reject(listenError(address, error as Error));
        return;
      }
      resolve({ address: addressOf(server), close: () => closeServer(server) });
    });
  });
}

function listeningFd(server: Server): number {
  return (server as unknown as { _handle: { readonly fd: number } })._handle.fd;
}

/** Takes connections as handles: the server makes no socket of its own, and does not wait for them when it closes. */
function acceptHandles(server: Server, onHandle: (handle: StreamHandle) => void): void {
  const listening = (server as unknown as { _handle: { onconnection(error: number, handle?: StreamHandle): void } })
    ._handle;
  // An error (out of descriptors) leaves the connection in the backlog: it is accepted when there is room.
  listening.onconnection = (_error, handle) => {
    if (handle) onHandle(handle);
  };
}

function accept(handle: StreamHandle, onConnection: (transport: Transport) => void): void {
  handle.setNoDelay?.(true);
  // `handle` and `manualStart` are options that Node's own server uses and its types leave out.
  const options: object = { handle, allowHalfOpen: true, manualStart: true };
  const socket = new Socket(options);
  const transport = new SocketTransport(socket, unattended(socket));
  transport.attach();
  onConnection(transport);
  transport.start();
}

/** Until the owner sets its own, and if it never does: closes. */
function unattended(socket: Socket): TransportHandler {
  const close = (): void => void socket.destroy();
  return { onData: close, onEnd: close, onDrain: close, onClose: () => undefined };
}

function addressOf(server: Server): TransportAddress {
  const address = server.address();
  if (typeof address === 'string') return { path: address };
  return { host: address?.address ?? '', port: address?.port ?? 0 };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function listenError(address: TransportAddress, cause: Error): TransportError {
  const place = 'path' in address ? address.path : `${address.host}:${address.port}`;
  const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return taken
    ? new TransportError('ADDRESS_IN_USE', `listen ${place}: the address is in use`, cause)
    : new TransportError('LISTEN_FAILED', `listen ${place}: ${cause.message}`, cause);
}
