// Opens a connection, with TLS where asked.
import { connect as connectSocket, type NetConnectOpts } from 'node:net';
import type { ProxyEnds } from '../proxy-protocol/encode.ts';
import { SocketTransport } from './socket-transport.ts';
import { startClientTls } from './tls.ts';
import type { ClientTlsOptions } from './tls-options.ts';
import type { Transport, TransportAddress, TransportHandler } from './transport.ts';
import { TransportError } from './transport-error.ts';

export interface ConnectOptions {
  readonly tls?: ClientTlsOptions;
  /** Local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Milliseconds of silence after which TCP asks whether the peer is still there; 0: never. */
  readonly keepAliveMs?: number;
  /** Of the connection, from the start. */
  readonly queueLimit?: number;
  /** Sent before anything else, TLS too; made of the connection's own ends. */
  readonly preamble?: ((own: ProxyEnds) => Buffer) | undefined;
}

export interface ConnectHandler extends TransportHandler {
  /** Connected by TCP; with TLS, its handshake comes next. */
  onTcpConnect?(): void;
  /** Connected, and the handshake done where TLS was asked for. Failure comes by `onClose` with a `TransportError`. */
  onConnect(): void;
}

/** Starts to connect; what is written before `onConnect` waits. A deadline is the caller's (`destroy`). */
export function connect(address: TransportAddress, options: ConnectOptions, handler: ConnectHandler): Transport {
  const { tls, localAddress, keepAliveMs = 0, preamble } = options;
  const socket = connectSocket({
    ...address,
    allowHalfOpen: true,
    noDelay: true,
    ...(localAddress !== undefined && { localAddress }),
    ...(keepAliveMs > 0 && { keepAlive: true, keepAliveInitialDelay: keepAliveMs }),
  } as NetConnectOpts);
  socket.pause();
  const transport = new SocketTransport(socket, handler);
  if (options.queueLimit !== undefined) transport.queueLimit = options.queueLimit;
  const refuse = (cause: Error): void => transport.fail(connectError(address, cause));
  socket.prependOnceListener('error', refuse);
  socket.once('connect', () => {
    socket.removeListener('error', refuse);
    handler.onTcpConnect?.();
    if (preamble) socket.write(preamble({ source: transport.localAddress, destination: transport.remoteAddress }));
    if (tls) {
      startClientTls(transport, tls, { onSecure: () => handler.onConnect(), onError: () => undefined });
      return;
    }
    transport.attach();
    handler.onConnect();
    transport.start();
  });
  return transport;
}

function connectError(address: TransportAddress, cause: Error): TransportError {
  const place = 'path' in address ? address.path : `${address.host}:${address.port}`;
  return new TransportError('CONNECT_FAILED', `connect ${place}: ${cause.message}`, cause);
}
