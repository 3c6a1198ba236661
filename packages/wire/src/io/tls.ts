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
  /** False: a certificate is judged by `verifyPeer` alone. Default true. */
  readonly verifyChain?: boolean;
  /** The context for a server name that only the handshake tells; undefined: `secureContext` is for all names. */
  readonly contextOf?: (serverName: string) => SecureContext;
  /** Bytes read from the transport while sniffing: the handshake's first. */
  readonly readBefore?: Buffer;
}

export interface ClientTlsOptions extends TlsOptions {
  /** SNI; undefined or an IP address: none sent. */
  readonly serverName: string | undefined;
  /** False: the chain is not verified (no CA is configured). Default true. */
  readonly verifyChain?: boolean;
  /** Sessions to take up, and where new ones go; of connections with the same secrets and rules only. */
  readonly sessions?: TlsSessions;
}

/** Sessions by server: its address and the name sent to it. */
export interface TlsSessions {
  take(server: string): TlsSession | undefined;
  put(server: string, session: TlsSession): void;
}

export interface TlsSession {
  readonly session: Buffer;
  /** DER of the server's certificate, which a handshake that takes the session up does not show again. */
  readonly peerCertificate: Buffer | undefined;
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
  const { contextOf, verifyChain: verifiesChain = true } = options;
  const socket = new TLSSocket(plain, {
    isServer: true,
    secureContext: options.secureContext,
    requestCert: asksCertificate,
    rejectUnauthorized: options.clientCertificate === 'require' && verifiesChain,
    ...(contextOf && { SNICallback: (name: string, done: SniDone) => done(null, contextOf(name.toLowerCase())) }),
    ...(options.alpnProtocols.length > 0 && { ALPNProtocols: [...options.alpnProtocols] }),
  });
  const refuses = (info: TlsInfo): string | undefined =>
    (asksCertificate && verifiesChain ? clientCertificateProblem(socket, info) : undefined) ??
    options.verifyPeer?.(info);
  const needsCertificate = options.clientCertificate === 'require';
  handshake(carrier, socket, 'secure', refuses, handler, { needsCertificate });
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
  handshake(carrier, socket, 'secureConnect', (info) => options.verifyPeer?.(info), handler, {
    serverName,
    certificate: before?.peerCertificate,
  });
}

type SniDone = (error: Error | null, context: SecureContext) => void;

interface HandshakeExpectation {
  /** The name that was sent to a server. */
  readonly serverName?: string | undefined;
  /** The peer is a client that must have a certificate. */
  readonly needsCertificate?: boolean;
  /** The peer's, where a session is taken up. */
  readonly certificate?: Buffer | undefined;
}

function handshake(
  carrier: SocketTransport,
  socket: TLSSocket,
  secureEvent: 'secure' | 'secureConnect',
  refuses: (info: TlsInfo) => string | undefined,
  handler: TlsHandler,
  { serverName, needsCertificate = false, certificate }: HandshakeExpectation,
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
    const info = tlsInfo(socket, serverName, certificate);
    if (needsCertificate && !info.peerCertificate) {
      fail(new TransportError('TLS_NO_PEER_CERTIFICATE', 'the client sent no certificate'));
      return;
    }
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
function clientCertificateProblem(socket: TLSSocket, info: TlsInfo): string | undefined {
  if (!info.peerCertificate) return undefined;
  const { _handle: handle } = socket as unknown as { _handle: { verifyError(): Error | null | undefined } };
  const problem = handle.verifyError();
  return problem ? `client certificate: ${problem.message}` : undefined;
}

/** Lets errors after the handshake reach the socket's `error` event, as Node's server does at this point. */
function releaseControl(socket: TLSSocket): void {
  (socket as unknown as { _releaseControl(): boolean })._releaseControl();
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

const refusals =
  /^(?:UNABLE_TO|CERT_|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT|CRL_)/;
const missing = /PEER_DID_NOT_RETURN/;

function handshakeError(cause: Error): TransportError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (missing.test(code)) return new TransportError('TLS_NO_PEER_CERTIFICATE', 'the client sent no certificate', cause);
  return new TransportError(
    refusals.test(code) ? 'TLS_PEER_REFUSED' : 'TLS_FAILED',
    `TLS handshake: ${cause.message}`,
    cause,
  );
}
