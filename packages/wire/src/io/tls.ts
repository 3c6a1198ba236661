// Starts TLS on a plaintext transport, as server or client.
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { handshakeError } from './handshake-error.ts';
import { ServerHandshake } from './server-handshake.ts';
import { SocketTransport } from './socket-transport.ts';
import { issuersOf } from './tls-handle.ts';
import type { ClientTlsOptions, PeerRegister, ServerTlsOptions, TlsHandler } from './tls-options.ts';
import type { TlsInfo, Transport } from './transport.ts';
import { TransportError } from './transport-error.ts';

/** Begins the handshake on an accepted transport; nothing may have been written. A deadline is the caller's (`destroy`). */
export function startServerTls(transport: Transport, options: ServerTlsOptions, handler: TlsHandler): void {
  new ServerHandshake(socketTransport(transport), options, handler).start();
}

/** Begins the handshake on a connected transport; nothing may have been read or written. */
export function startClientTls(transport: Transport, options: ClientTlsOptions, handler: TlsHandler): void {
  const carrier = socketTransport(transport);
  const { serverName, sessions } = options;
  const server = `${transport.remoteAddress.host}:${transport.remoteAddress.port} ${serverName ?? ''}`;
  const before = sessions?.take(server);
  const socket = connectTls({
    socket: carrier.detach(),
    secureContext: options.secureContext,
    rejectUnauthorized: options.verifyChain ?? true,
    // A mesh identifies its peers by SAN, which `verifyPeer` checks; a name to dial says nothing about identity.
    checkServerIdentity: () => undefined,
    ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    ...(before && { session: before.session }),
    ...(options.alpnProtocols.length > 0 && { ALPNProtocols: [...options.alpnProtocols] }),
  });
  if (sessions) {
    socket.on('session', (session) => {
      const peerCertificate = socket.getPeerX509Certificate()?.raw ?? before?.peerCertificate;
      sessions.put(server, { session, peerCertificate });
    });
  }
  const { peers } = options;
  handshake(
    carrier,
    socket,
    (info) => options.verifyPeer?.(info, () => issuersOf(socket.getPeerX509Certificate())),
    handler,
    {
      serverName,
      certificate: before?.peerCertificate,
      peers,
    },
  );
}

interface HandshakeExpectation {
  /** The name that was sent to a server. */
  readonly serverName: string | undefined;
  /** The peer's, where a session is taken up. */
  readonly certificate: Buffer | undefined;
  readonly peers: PeerRegister | undefined;
}

function handshake(
  carrier: SocketTransport,
  socket: TLSSocket,
  refuses: (info: TlsInfo) => string | undefined,
  handler: TlsHandler,
  { serverName, certificate, peers }: HandshakeExpectation,
): void {
  let settled = false;
  const fail = (error: TransportError): void => {
    if (settled) return;
    settled = true;
    carrier.fail(error);
    socket.destroy();
    handler.onError(error);
  };
  carrier.follow(socket);
  socket.once('error', (error) => fail(handshakeError(error)));
  socket.once('end', () => fail(new TransportError('TLS_FAILED', 'the peer closed during the handshake')));
  socket.prependOnceListener('close', () => fail(new TransportError('TLS_FAILED', 'closed during the handshake')));
  socket.once('secureConnect', () => {
    if (settled) return;
    const info = tlsInfo(socket, serverName, certificate);
    const refusal = refuses(info);
    if (refusal !== undefined) {
      fail(new TransportError('TLS_PEER_REFUSED', refusal));
      return;
    }
    settled = true;
    carrier.attach(info, peers);
    handler.onSecure(info);
    carrier.start();
  });
}

function socketTransport(transport: Transport): SocketTransport {
  if (!(transport instanceof SocketTransport)) throw new TransportError('TLS_FAILED', 'TLS runs on a socket only');
  return transport;
}

function tlsInfo(socket: TLSSocket, sentServerName: string | undefined, known: Buffer | undefined): TlsInfo {
  const { servername } = socket as Socket & { servername?: string | false | null };
  return {
    alpn: socket.alpnProtocol || undefined,
    sni: sentServerName ?? (servername || undefined),
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    peerCertificate: socket.getPeerX509Certificate()?.raw ?? (socket.isSessionReused() ? known : undefined),
    resumed: socket.isSessionReused(),
  };
}
