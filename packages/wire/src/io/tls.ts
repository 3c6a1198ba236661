// Starts TLS on a plaintext transport, as server or client.
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, TLSSocket } from 'node:tls';
import { SocketTransport } from './socket-transport.ts';
import type { TlsInfo, Transport } from './transport.ts';
import { TransportError } from './transport-error.ts';

interface TlsOptions {
  /** The caller's `tls.createSecureContext`: key, chain, CA, versions. Swap it between connections. */
  readonly secureContext: SecureContext;
  /** In the order of preference; empty: no ALPN. A server refuses a client whose list shares nothing with it. */
  readonly alpnProtocols: readonly string[];
  /** A further check of the verified peer (its SANs), before any byte is read: the reason to refuse, or undefined. */
  readonly verifyPeer?: (info: TlsInfo) => string | undefined;
}

export interface ServerTlsOptions extends TlsOptions {
  /** `none`: not asked for. `request`: verified if sent. `require`: no connection without. */
  readonly clientCertificate: 'none' | 'request' | 'require';
  /** Bytes read from the transport while sniffing: the handshake's first. */
  readonly readBefore?: Buffer;
}

export interface ClientTlsOptions extends TlsOptions {
  /** SNI; undefined or an IP address: none sent. */
  readonly serverName: string | undefined;
  /** False: the chain is not verified (no CA is configured). Default true. */
  readonly verifyChain?: boolean;
}

/** Told how a handshake ended, once. After `onError` the transport is closed and its own handler hears `onClose`. */
export interface TlsHandler {
  onSecure(info: TlsInfo): void;
  onError(error: TransportError): void;
}

/** Begins the handshake on an accepted transport; nothing may have been written. A deadline is the caller's (`destroy`). */
export function startServerTls(transport: Transport, options: ServerTlsOptions, handler: TlsHandler): void {
  const carrier = socketTransport(transport);
  const plain = carrier.detach();
  if (options.readBefore) plain.unshift(Buffer.from(options.readBefore));
  const asksCertificate = options.clientCertificate !== 'none';
  const socket = new TLSSocket(plain, {
    isServer: true,
    secureContext: options.secureContext,
    requestCert: asksCertificate,
    rejectUnauthorized: options.clientCertificate === 'require',
    ...(options.alpnProtocols.length > 0 && { ALPNProtocols: [...options.alpnProtocols] }),
  });
  const refuses = (info: TlsInfo): string | undefined =>
    (asksCertificate ? clientCertificateProblem(socket, info, options) : undefined) ?? options.verifyPeer?.(info);
  handshake(carrier, socket, 'secure', refuses, handler);
}

/** Begins the handshake on a connected transport; nothing may have been read or written. */
export function startClientTls(transport: Transport, options: ClientTlsOptions, handler: TlsHandler): void {
  const carrier = socketTransport(transport);
  const { serverName } = options;
  const socket = connectTls({
    socket: carrier.detach(),
    secureContext: options.secureContext,
    rejectUnauthorized: options.verifyChain ?? true,
    // A mesh identifies its peers by SAN, which `verifyPeer` checks; a name to dial says nothing about identity.
    checkServerIdentity: () => undefined,
    ...(serverName !== undefined && isIP(serverName) === 0 && { servername: serverName }),
    ...(options.alpnProtocols.length > 0 && { ALPNProtocols: [...options.alpnProtocols] }),
  });
  handshake(carrier, socket, 'secureConnect', (info) => options.verifyPeer?.(info), handler, serverName);
}

function handshake(
  carrier: SocketTransport,
  socket: TLSSocket,
  secureEvent: 'secure' | 'secureConnect',
  refuses: (info: TlsInfo) => string | undefined,
  handler: TlsHandler,
  serverName?: string,
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
  socket.once(secureEvent, () => {
    if (settled) return;
    releaseControl(socket);
    const info = tlsInfo(socket, serverName);
    const refusal = refuses(info);
    if (refusal !== undefined) {
      fail(new TransportError('TLS_PEER_REFUSED', refusal));
      return;
    }
    settled = true;
    carrier.attach(info);
    handler.onSecure(info);
    carrier.start();
  });
}

function socketTransport(transport: Transport): SocketTransport {
  if (!(transport instanceof SocketTransport)) throw new TransportError('TLS_FAILED', 'TLS runs on a socket only');
  return transport;
}

/** Node's own TLS server asks the handle, not OpenSSL's callback, whether the chain is good; so do we. */
function clientCertificateProblem(socket: TLSSocket, info: TlsInfo, options: ServerTlsOptions): string | undefined {
  if (!info.peerCertificate) {
    return options.clientCertificate === 'require' ? 'the client sent no certificate' : undefined;
  }
  const { _handle: handle } = socket as unknown as { _handle: { verifyError(): Error | null | undefined } };
  const problem = handle.verifyError();
  return problem ? `client certificate: ${problem.message}` : undefined;
}

/** Lets errors after the handshake reach the socket's `error` event, as Node's server does at this point. */
function releaseControl(socket: TLSSocket): void {
  (socket as unknown as { _releaseControl(): boolean })._releaseControl();
}

function tlsInfo(socket: TLSSocket, sentServerName: string | undefined): TlsInfo {
  const { servername } = socket as Socket & { servername?: string | false | null };
  return {
    alpn: socket.alpnProtocol || undefined,
    sni: sentServerName ?? (servername || undefined),
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    peerCertificate: socket.getPeerX509Certificate()?.raw,
    resumed: socket.isSessionReused(),
  };
}

const refusals =
  /^(?:UNABLE_TO|CERT_|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT|CRL_)|PEER_DID_NOT_RETURN/;

function handshakeError(cause: Error): TransportError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new TransportError(
    refusals.test(code) ? 'TLS_PEER_REFUSED' : 'TLS_FAILED',
    `TLS handshake: ${cause.message}`,
    cause,
  );
}
